"""A small history written by hand: the facts were worked out on paper, not with the models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.integration

EARLIER = datetime(2026, 2, 1, 6, tzinfo=UTC)


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment of February 2026."""
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def settings(project: Any) -> None:
    project.insert(
        "raw_settings.organization",
        {
            "slug": "acme",
            "name": "Acme",
            "timezone": "Europe/Berlin",
            "week_starts_on": "monday",
            "history_since": at(1),
        },
    )
    project.insert(
        "raw_settings.metrics",
        {
            "definition": "current",
            "incident_link_window_hours": 168.0,
            "deduplication_window_hours": 0.25,
            "revert_counts_as_failure": True,
            "minimum_sample": 3,
            "bands_year": 2024,
            "hotfix_labels": ["hotfix"],
            "hotfix_branches": ["hotfix/*"],
        },
    )
    project.insert(
        "raw_settings.environment_tiers",
        {"position": 1, "tier": "production", "pattern": "(?i)^(prod|production|live)"},
        {"position": 2, "tier": "staging", "pattern": "(?i)stag|preprod|uat"},
        {"position": 3, "tier": "testing", "pattern": "(?i)test|qa|ci"},
    )
    project.insert(
        "raw_settings.deployment_rules",
        # The second would match job "deploy" too: the first that matches wins.
        {
            "position": 1,
            "kind": "job",
            "repositories": ["acme/c?"],
            "name": "^deploy",
            "branch": "^main$",
        },
        {"position": 2, "kind": "job", "name": "^dep", "repositories": ["ci"], "tier": "testing"},
        {"position": 3, "kind": "merge", "repositories": ["ACME/site"]},
        {"position": 4, "kind": "pipeline"},
        # four kinds that tell of the same deployments
        {"position": 5, "kind": "deployment", "repositories": ["ship"], "environment": "^prod"},
        {"position": 6, "kind": "workflow_run", "repositories": ["ship"], "name": "^deploy"},
        {"position": 7, "kind": "release", "repositories": ["ship"]},
        {"position": 8, "kind": "tag", "repositories": ["ship"]},
    )
    project.insert(
        "raw_settings.incident_rules",
        {"position": 1, "labels": ["Incident", "outage"], "connection": "github"},
        {"position": 2, "issue_types": ["Incident"], "connection": "jira"},
    )
    project.insert("raw_settings.bots", {"login": "Release-Robot"})
    project.insert("raw_settings.teams", {"name": "Web & Co", "parent": "Engineering"})
    project.insert(
        "raw_settings.team_members",
        {"team": "Web & Co", "member": "github:ANN"},
        {"team": "Web & Co", "member": "ann@acme.test"},
        {"team": "Web & Co", "member": "gitlab:ann"},
    )
    project.insert(
        "raw_settings.services",
        {"name": "Web", "team": "Web & Co"},
        {"name": "Cart", "team": None},
    )
    project.insert(
        "raw_settings.service_repositories",
        {"service": "Web", "repository": "github:acme/si*", "path_prefix": ""},
        {"service": "Cart", "repository": "acme/mono", "path_prefix": "services/cart/"},
        {"service": "Web", "repository": "gitlab:acme/shop", "path_prefix": ""},
    )


REPOSITORIES = ["shop", "lib", "tool", "ci", "site", "mono", "quiet", "ship"]


def organization(project: Any) -> None:
    project.insert(
        "raw_github.organizations",
        {"id": "O", "login": "acme", "type": "Organization", "teams_synced_at": at(28)},
    )
    project.insert(
        "raw_github.repositories",
        *(
            {
                "id": name,
                "owner_id": "O",
                "owner_login": "acme",
                "name": name,
                "full_name": f"acme/{name}",
                "default_branch": None if name == "quiet" else "main",
                "created_at": at(1),
            }
            for name in REPOSITORIES
        ),
        {
            "id": "left",
            "owner_id": "O",
            "owner_login": "acme",
            "name": "left",
            "full_name": "acme/left",
            "synced_at": EARLIER,
        },
    )
    project.insert(
        "raw_github.users",
        {"id": "ann", "login": "ann", "name": "Ann", "type": "User"},
        {"id": "bob", "login": "bob", "name": None, "type": "User"},
        {"id": "dependabot", "login": "dependabot", "type": "Bot"},
        {"id": "robot", "login": "release-robot", "type": "User"},
    )
    project.insert(
        "raw_github.teams",
        {"id": "T1", "organization_id": "O", "slug": "one", "name": "One", "synced_at": at(28)},
        {"id": "T2", "organization_id": "O", "slug": "two", "name": "Two", "synced_at": at(28)},
        {"id": "T9", "organization_id": "O", "slug": "gone", "name": "Gone", "synced_at": EARLIER},
    )
    project.insert(
        "raw_github.team_members",
        {
            "team_id": "T1",
            "user_id": "ann",
            "user_login": "ann",
            "role": "MAINTAINER",
            "synced_at": at(28),
        },
        {
            "team_id": "T1",
            "user_id": "bob",
            "user_login": "bob",
            "role": "MEMBER",
            "synced_at": EARLIER,
        },
        {
            "team_id": "T9",
            "user_id": "bob",
            "user_login": "bob",
            "role": "MEMBER",
            "synced_at": EARLIER,
        },
    )

    def access(team: str, repository: str, permission: str) -> dict[str, Any]:
        return {
            "team_id": team,
            "repository_id": repository,
            "permission": permission,
            "synced_at": at(28),
        }

    project.insert(
        "raw_github.team_repositories",
        access("T1", "shop", "WRITE"),
        access("T2", "shop", "ADMIN"),
        # two with the highest: whose it is can't be told
        access("T1", "lib", "WRITE"),
        access("T2", "lib", "WRITE"),
        access("T1", "tool", "READ"),
    )


def pull_request(project: Any, number: int, **columns: Any) -> None:
    """Pull request PR<number> of acme/shop, merged a day after it was opened unless told."""
    opened = columns.get("created_at", at(number))
    row = {
        "id": f"PR{number}",
        "repository_id": "shop",
        "number": number,
        "title": f"Change {number}",
        "state": "MERGED",
        "author_id": "ann",
        "author_login": "ann",
        "author_type": "User",
        "base_ref_name": "main",
        "head_ref_name": f"change-{number}",
        "merge_commit_sha": f"merge{number}",
        "created_at": opened,
        "merged_at": opened + timedelta(days=1),
        "closed_at": opened + timedelta(days=1),
        **columns,
    }
    project.insert("raw_github.pull_requests", row)


def commit(project: Any, sha: str, authored_at: datetime, **columns: Any) -> None:
    project.insert(
        "raw_github.commits",
        {
            "repository_id": "shop",
            "sha": sha,
            "authored_at": authored_at,
            "committed_at": authored_at,
            "message_headline": f"Headline of {sha}",
            "is_on_default_branch": True,
            **columns,
        },
    )


def branch_commit(
    project: Any, number: int, sha: str, authored_at: datetime, **columns: Any
) -> None:
    project.insert(
        "raw_github.pull_request_commits",
        {
            "pull_request_id": f"PR{number}",
            "sha": sha,
            "repository_id": "shop",
            "position": 1,
            "authored_at": authored_at,
            "committed_at": authored_at,
            "message_headline": f"Headline of {sha}",
            **columns,
        },
    )


def comment(project: Any, number: int, actor: str | None, when: datetime) -> None:
    project.insert(
        "raw_github.issue_comments",
        {
            "id": f"IC-{number}-{actor}-{when:%d%H%M}",
            "repository_id": "shop",
            "pull_request_id": f"PR{number}",
            "author_id": actor,
            "author_login": actor,
            "created_at": when,
        },
    )


def review(project: Any, number: int, actor: str | None, when: datetime | None, state: str) -> None:
    project.insert(
        "raw_github.pull_request_reviews",
        {
            "id": f"RV-{number}-{actor}-{state}",
            "pull_request_id": f"PR{number}",
            "repository_id": "shop",
            "author_id": actor,
            "author_login": actor,
            "state": state,
            "submitted_at": when,
        },
    )


def pull_requests(project: Any) -> None:
    # 2: the author comments first, then a bot reviews, then Bob; a commit follows the review.
    pull_request(project, 2)
    commit(project, "merge2", at(3))
    branch_commit(project, 2, "b2a", at(1, 9))
    branch_commit(project, 2, "b2b", at(3, 9), position=2)
    branch_commit(project, 2, "forced away", at(1, 1), synced_at=EARLIER)
    comment(project, 2, "ann", at(2, 13))
    review(project, 2, "dependabot", at(2, 14), "COMMENTED")
    comment(project, 2, "robot", at(2, 15))
    comment(project, 2, None, at(2, 16))
    review(project, 2, "bob", None, "PENDING")
    comment(project, 2, "bob", at(2, 17))
    review(project, 2, "bob", at(2, 18), "APPROVED")

    # 4: rebased; the last commit is its merge commit, the one before has only its author's time.
    pull_request(project, 4, merge_commit_sha="r4b")
    branch_commit(project, 4, "b4a", at(4, 8), message_headline="Rebased one")
    branch_commit(project, 4, "b4b", at(4, 9), message_headline="Rebased two", position=2)
    commit(project, "r4a", at(4, 8), committed_at=at(5), message_headline="Rebased one")
    commit(project, "r4b", at(4, 9), committed_at=at(5), message_headline="Rebased two")

    # 6: opened as a draft, made ready, reviewed by Bob only after the merge.
    pull_request(project, 6, head_ref_name="hotfix/login")
    project.insert(
        "raw_github.pull_request_events",
        {"id": "E1", "pull_request_id": "PR6", "type": "READY_FOR_REVIEW", "created_at": at(6, 20)},
    )
    review(project, 6, "bob", at(8), "APPROVED")
    commit(project, "merge6", at(7))
    commit(project, "b6", at(6), pull_request_ids=["PR6", "PR404"])

    # 8: still a draft; 9: went back to draft after it was opened ready.
    pull_request(project, 8, state="OPEN", is_draft=True, merged_at=None, closed_at=None)
    pull_request(project, 9, state="OPEN", is_draft=True, merged_at=None, closed_at=None)
    project.insert(
        "raw_github.pull_request_events",
        {"id": "E2", "pull_request_id": "PR9", "type": "CONVERT_TO_DRAFT", "created_at": at(9, 20)},
    )

    # 10 undoes 2 by number; 12 undoes 4 by a branch commit's hash; 14 undoes a title; 15 that.
    pull_request(project, 10, title='Revert "Change 2"', reverted_numbers=[2])
    pull_request(project, 12, title="Back out", reverted_shas=["b4a"], labels=["HotFix"])
    pull_request(project, 14, title='Revert "Change 6"')
    pull_request(project, 15, title='Revert "Revert "Change 6""', created_at=at(16))
    # merged into a branch that is not the default
    pull_request(
        project,
        20,
        base_ref_name="release",
        author_id=None,
        author_login=None,
        labels=["incident"],
    )

    # direct pushes: one plain, one that undoes 6 by its merge commit, one by headline
    commit(project, "push1", at(18))
    commit(project, "push2", at(19), reverted_shas=["merge6"])
    commit(project, "push3", at(20), message_headline='Revert "Headline of push1"')


def status(project: Any, deployment: str, state: str, when: datetime) -> None:
    project.insert(
        "raw_github.deployment_statuses",
        {
            "id": f"{deployment}-{state}-{when:%d%H%M}",
            "deployment_id": deployment,
            "repository_id": "shop",
            "state": state,
            "created_at": when,
        },
    )


def deployments(project: Any) -> None:
    def deployment(name: str, number: int, environment: str, sha: str, when: datetime) -> None:
        project.insert(
            "raw_github.deployments",
            {
                "id": name,
                "database_id": number,
                "repository_id": "shop",
                "environment": environment,
                "commit_sha": sha,
                "created_at": when,
            },
        )

    deployment("D1", 901, "Production", "merge2", at(3, 13))
    status(project, "D1", "IN_PROGRESS", at(3, 13, 1))
    status(project, "D1", "SUCCESS", at(3, 13, 5))
    status(project, "D1", "INACTIVE", at(5, 13, 5))
    deployment("D2", 902, "staging-eu", "r4b", at(5, 13))
    status(project, "D2", "FAILURE", at(5, 13, 5))
    status(project, "D2", "ERROR", at(5, 13, 9))
    deployment("D3", 903, "production", "r4b", at(5, 14))
    status(project, "D3", "INACTIVE", at(5, 14, 9))
    deployment("D4", 904, "moon", "merge6", at(7, 14))
    status(project, "D4", "QUEUED", at(7, 14, 1))
    # a release of a repository that has deployments is not one more
    project.insert(
        "raw_github.releases",
        {"id": "L0", "repository_id": "shop", "tag_name": "v1", "published_at": at(9)},
        {
            "id": "L1",
            "repository_id": "lib",
            "tag_name": "1.0",
            "commit_sha": "c1",
            "published_at": at(9),
        },
        {
            "id": "L2",
            "repository_id": "lib",
            "tag_name": "1.1-rc1",
            "is_prerelease": True,
            "published_at": at(10),
        },
        {
            "id": "L3",
            "repository_id": "lib",
            "tag_name": "1.1",
            "is_draft": True,
            "published_at": None,
        },
    )
    project.insert(
        "raw_github.tags",
        {"repository_id": "lib", "name": "1.0", "commit_sha": "c1", "tagged_at": at(9)},
        {"repository_id": "tool", "name": "v2.0.1-beta", "commit_sha": "c2", "tagged_at": at(9)},
        {"repository_id": "tool", "name": "nightly", "commit_sha": "c3", "tagged_at": at(10)},
        {"repository_id": "tool", "name": "v3", "commit_sha": "c4", "tagged_at": at(11)},
    )

    def job(name: str, attempt: int, conclusion: str | None, branch: str, when: datetime) -> None:
        project.insert(
            "raw_github.workflow_jobs",
            {
                "id": f"J-{name}-{attempt}-{branch}",
                "repository_id": "ci",
                "run_id": 7 if branch == "main" else 8,
                "run_attempt": attempt,
                "name": name,
                "conclusion": conclusion,
                "head_branch": branch,
                "head_sha": "c5",
                "started_at": when,
                "completed_at": when + timedelta(minutes=3),
            },
        )

    job("deploy", 1, "failure", "main", at(9))
    job("deploy", 2, "success", "main", at(10))
    job("test", 2, "success", "main", at(10))
    job("deploy", 1, "timed_out", "dev", at(11))
    project.insert(
        "raw_github.workflow_runs",
        {
            "id": "W1",
            "repository_id": "ci",
            "name": "deploy",
            "conclusion": "failure",
            "head_sha": "c5",
            "run_started_at": at(10),
            "updated_at": at(10, 13),
        },
    )
    for number, base in ((1, "main"), (2, "dev")):
        project.insert(
            "raw_github.pull_requests",
            {
                "id": f"S{number}",
                "repository_id": "site",
                "number": number,
                "state": "MERGED",
                "base_ref_name": base,
                "merge_commit_sha": f"s{number}",
                "created_at": at(10),
                "merged_at": at(11),
                "closed_at": at(11),
            },
        )


def deployed_and_told_of_often(project: Any) -> None:
    """Repository ship: one deployment as deployment, run, release and tag; a run run again."""
    for name, number, minute in (("P1", 905, 5), ("P2", 906, 18)):
        project.insert(
            "raw_github.deployments",
            {
                "id": name,
                "database_id": number,
                "repository_id": "ship",
                "environment": "prod",
                "commit_sha": "s1",
                "created_at": at(12, 10, minute - 5),
            },
        )
        project.insert(
            "raw_github.deployment_statuses",
            {
                "id": f"{name}-done",
                "deployment_id": name,
                "repository_id": "ship",
                "state": "SUCCESS",
                "run_id": 77 if name == "P1" else None,
                "created_at": at(12, 10, minute),
            },
        )
    for number, attempt, conclusion, day in ((77, 1, "success", 12), (78, 2, "failure", 15)):
        project.insert(
            "raw_github.workflow_runs",
            {
                "id": f"W{number}",
                "database_id": number,
                "repository_id": "ship",
                "name": "deploy",
                "run_attempt": attempt,
                "conclusion": conclusion,
                "head_sha": f"s{number - 76}",
                "created_at": at(day - attempt + 1, 10),
                "run_started_at": at(day, 10),
                "updated_at": at(day, 10, 9),
            },
        )
    project.insert(
        "raw_github.workflow_jobs",
        {
            "id": "J78",
            "database_id": 781,
            "repository_id": "ship",
            "run_id": 78,
            "run_attempt": 1,
            "name": "all",
            "conclusion": "success",
            "head_sha": "s2",
            "started_at": at(14, 10),
            "completed_at": at(14, 10, 8),
        },
    )
    project.insert(
        "raw_github.releases",
        {
            "id": "L9",
            "repository_id": "ship",
            "tag_name": "v1",
            "commit_sha": "s1",
            "published_at": at(12, 9),
        },
    )
    project.insert(
        "raw_github.tags",
        {"repository_id": "ship", "name": "v1", "commit_sha": "s1", "tagged_at": at(12, 9)},
        {"repository_id": "ship", "name": "v3", "commit_sha": "s3", "tagged_at": at(16)},
    )


def issues(project: Any) -> None:
    def issue(number: int, repository: str, labels: list[str], **columns: Any) -> None:
        project.insert(
            "raw_github.issues",
            {
                "id": f"I{number}",
                "repository_id": repository,
                "number": number,
                "title": f"Issue {number}",
                "state": "OPEN",
                "labels": labels,
                "created_at": at(number),
                **columns,
            },
        )

    issue(
        3,
        "shop",
        ["INCIDENT", "sev1"],
        state="CLOSED",
        closed_at=at(4),
        mentioned={
            "shas": ["0badc0de", "abcdef0"],
            "pull_requests": ["Acme/Shop#4", "acme/shop#6", "acme/nowhere#1"],
            "deployments": [901, 999],
        },
    )
    # abbreviated, and named in a comment; the second fits two commits
    commit(project, "0badc0de" + "1" * 32, at(3))
    commit(project, "abcdef01" + "1" * 32, at(3))
    commit(project, "abcdef02" + "1" * 32, at(3))
    # of one that counts as another
    issue(5, "quiet", ["outage"], closed_at=at(6), mentioned={"deployments": [906]})
    issue(6, "shop", ["bug"])
    # the fix of the incident is not its cause, though the incident names it
    pull_request(project, 21, closing_issue_ids=["I3", "I404"])
    project.insert(
        "raw_github.issue_comments",
        {
            "id": "IC1",
            "repository_id": "shop",
            "issue_id": "I3",
            "created_at": at(4),
            "mentioned": {"shas": ["merge21", "B4A"], "pull_requests": ["acme/shop#21"]},
        },
    )


@pytest.fixture(scope="module")
def built(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    for part in (
        settings,
        organization,
        pull_requests,
        deployments,
        deployed_and_told_of_often,
        issues,
    ):
        part(project)
    project.build()
    return project


def column(project: Any, query: str) -> list[Any]:
    return [row[0] for row in project.rows(query)]


def test_bots_are_known_by_type_and_by_the_settings(built: Any) -> None:
    assert built.rows("select developer_id, name, is_bot from marts.dim_developers order by 1") == [
        ("github:ann", "Ann", False),
        ("github:bob", "bob", False),
        ("github:dependabot", "dependabot", True),
        ("github:robot", "release-robot", True),
    ]


def test_teams_that_are_gone_are_not_there_and_members_who_left_have_left(built: Any) -> None:
    assert built.rows("select team_id, parent_team_id from marts.dim_teams order by 1") == [
        ("github:T1", None),
        ("github:T2", None),
        ("team:engineering", None),
        ("team:web-co", "team:engineering"),
    ]
    assert built.rows(
        "select team_id, developer_id, role, valid_from, valid_to "
        "from marts.bridge_team_members order by 1, 2"
    ) == [
        ("github:T1", "github:ann", "maintainer", None, None),
        # in a list of the first sync, not in the one of the last
        ("github:T1", "github:bob", "member", None, at(28)),
        ("team:web-co", "github:ann", "member", None, None),
    ]


def test_a_repository_that_its_owner_has_no_more_is_gone_with_its_history_kept(
    built: Any,
) -> None:
    found = built.rows(
        "select full_name, is_archived, deleted_at is not null from marts.dim_repositories"
        " where deleted_at is not null or full_name = 'acme/shop' order by 1"
    )
    assert found == [("acme/left", True, True), ("acme/shop", False, False)]


def test_a_service_has_the_team_that_can_be_told(built: Any) -> None:
    assert built.rows(
        "select service_id, team_id, has_deployment_source, has_incident_source "
        "from marts.dim_services order by 1"
    ) == [
        ("github:ci", None, True, True),
        ("github:left", None, False, True),
        ("github:lib", None, True, True),
        ("github:mono", None, False, True),
        ("github:quiet", None, False, True),
        ("github:ship", None, True, True),
        ("github:shop", "github:T2", True, True),
        ("github:tool", None, True, True),
        ("service:cart", None, False, True),
        ("service:web", "team:web-co", True, True),
    ]
    assert built.rows("select * from marts.bridge_service_repositories order by 1") == [
        ("github:ci", "github:ci", ""),
        ("github:left", "github:left", ""),
        ("github:lib", "github:lib", ""),
        ("github:mono", "github:mono", ""),
        ("github:quiet", "github:quiet", ""),
        ("github:ship", "github:ship", ""),
        ("github:shop", "github:shop", ""),
        ("github:tool", "github:tool", ""),
        ("service:cart", "github:mono", "services/cart/"),
        ("service:web", "github:site", ""),
    ]


def test_deployments_are_recognised_by_the_first_rule_or_by_default(built: Any) -> None:
    assert built.rows(
        "select deployment_id, service_id, environment, environment_tier, status, detected_by, "
        "rule_position from marts.fct_deployments where repository_id != 'github:ship' order by 1"
    ) == [
        (
            "github:D1",
            "github:shop",
            "Production",
            "production",
            "success",
            "default:deployment",
            None,
        ),
        (
            "github:D2",
            "github:shop",
            "staging-eu",
            "staging",
            "failure",
            "default:deployment",
            None,
        ),
        (
            "github:D3",
            "github:shop",
            "production",
            "production",
            "canceled",
            "default:deployment",
            None,
        ),
        ("github:D4", "github:shop", "moon", "other", "in_progress", "default:deployment", None),
        ("github:J-deploy-1-dev", "github:ci", "testing", "testing", "failure", "job", 2),
        # each attempt has its own result
        ("github:J-deploy-1-main", "github:ci", "production", "production", "failure", "job", 1),
        ("github:J-deploy-2-main", "github:ci", "production", "production", "success", "job", 1),
        ("github:L1", "github:lib", "production", "production", "success", "default:release", None),
        ("github:L2", "github:lib", "staging", "staging", "success", "default:release", None),
        ("github:merge:S1", "service:web", "production", "production", "success", "merge", 3),
        (
            "github:tool:tag:v2.0.1-beta",
            "github:tool",
            "production",
            "production",
            "success",
            "default:tag",
            None,
        ),
    ]


def test_a_deployment_is_finished_by_its_first_success(built: Any) -> None:
    assert built.rows(
        "select deployment_id, started_at, finished_at from marts.fct_deployments "
        "where repository_id in ('github:shop', 'github:ci') order by 1"
    ) == [
        ("github:D1", at(3, 13, 1), at(3, 13, 5)),
        ("github:D2", at(5, 13), at(5, 13, 9)),
        ("github:D3", at(5, 14), at(5, 14, 9)),
        ("github:D4", at(7, 14), None),
        ("github:J-deploy-1-dev", at(11), at(11, 12, 3)),
        ("github:J-deploy-1-main", at(9), at(9, 12, 3)),
        ("github:J-deploy-2-main", at(10), at(10, 12, 3)),
    ]


def test_one_deployment_that_several_events_tell_of_counts_once(built: Any) -> None:
    # None of its commits was ever loaded: the rows are there all the same.
    assert built.rows(
        "select deployment_id, environment, status, commit_sha, finished_at, rule_position, "
        "merged_deployment_ids from marts.fct_deployments where repository_id = 'github:ship' "
        "order by 1"
    ) == [
        (
            "github:P1",
            "prod",
            "success",
            "s1",
            at(12, 10, 5),
            5,
            ["github:L9", "github:P2", "github:W77", "github:ship:tag:v1"],
        ),
        ("github:W78", "production", "success", "s2", at(14, 10, 8), 6, []),
        ("github:W78#2", "production", "failure", "s2", at(15, 10, 9), 6, []),
        ("github:ship:tag:v3", "production", "success", "s3", at(16), 8, []),
    ]


def test_the_moments_of_a_pull_request(built: Any) -> None:
    assert built.rows(
        "select number, ready_at, first_commit_at, first_review_at, first_approved_at, "
        "reviews_count, commits_after_first_review_count from marts.fct_pull_requests "
        "where number in (2, 4, 6, 8, 9) and repository_id = 'github:shop' order by 1"
    ) == [
        (2, at(2), at(1, 9), at(2, 17), at(2, 18), 1, 1),
        (4, at(4), at(4, 8), None, None, 0, None),
        (6, at(6, 20), None, None, None, 0, None),
        (8, None, None, None, None, 0, None),
        (9, at(9), None, None, None, 0, None),
    ]


def test_hotfixes_reverts_and_merges_into_the_default_branch(built: Any) -> None:
    def numbers(condition: str) -> list[int]:
        return column(
            built,
            "select number from marts.fct_pull_requests "
            f"where repository_id = 'github:shop' and {condition} order by 1",
        )

    assert numbers("is_hotfix") == [6, 12]
    assert numbers("is_revert") == [10, 12, 14, 15]
    assert numbers("merged_to_default_branch") == [2, 4, 6, 10, 12, 14, 15, 21]
    assert numbers("state = 'open' and merge_commit_sha is null") == [8, 9]


def test_commits_belong_to_the_pull_request_that_brought_them(built: Any) -> None:
    assert built.rows(
        "select sha, pull_request_id, pull_request_link_method from marts.fct_commits "
        "where length(sha) < 10 order by 1"
    ) == [
        ("b6", "github:PR6", "association"),
        ("merge2", "github:PR2", "merge_commit"),
        ("merge6", "github:PR6", "merge_commit"),
        ("push1", None, None),
        ("push2", None, None),
        ("push3", None, None),
        ("r4a", "github:PR4", "rebase"),
        ("r4b", "github:PR4", "merge_commit"),
    ]


def test_reverts_find_what_they_undo(built: Any) -> None:
    assert built.rows("select * from marts.bridge_pull_request_reverts order by 1") == [
        ("github:PR10", "github:PR2", "number"),
        ("github:PR12", "github:PR4", "sha"),
        ("github:PR14", "github:PR6", "headline"),
        ("github:PR15", "github:PR14", "headline"),
    ]
    assert built.rows(
        "select sha, reverted_sha, reverted_pull_request_id, method "
        "from marts.bridge_commit_reverts order by 1"
    ) == [
        ("push2", "merge6", "github:PR6", "sha"),
        ("push3", "push1", None, "headline"),
    ]


def test_incidents_are_labelled_issues(built: Any) -> None:
    assert built.rows(
        "select incident_id, service_id, opened_at, resolved_at, severity "
        "from marts.fct_incidents order by 1"
    ) == [
        ("github:I3", "github:shop", at(3), at(4), "sev1"),
        # closed once and opened again: it is not resolved
        ("github:I5", "github:quiet", at(5), None, None),
    ]


def test_incident_references_leave_out_the_fix_and_what_is_not_sure(built: Any) -> None:
    assert built.rows(
        "select kind, deployment_id, commit_sha, pull_request_id, method "
        "from marts.bridge_incident_references "
        "order by kind, deployment_id, pull_request_id, commit_sha"
    ) == [
        ("commit", None, "0badc0de" + "1" * 32, None, "issue_text"),
        ("deployment", "github:D1", None, None, "issue_text"),
        ("deployment", "github:P1", None, None, "issue_text"),
        ("pull_request", None, None, "github:PR4", "issue_text"),
        ("pull_request", None, None, "github:PR6", "issue_text"),
    ]
    assert built.rows(
        "select pull_request_id, issue_id, method from marts.bridge_pull_request_issues"
    ) == [("github:PR21", "github:I3", "closing_reference")]


def test_building_again_changes_nothing(built: Any) -> None:
    def contents() -> dict[str, list[Any]]:
        tables = column(built, "select tablename from pg_tables where schemaname = 'marts'")
        return {
            name: built.rows(f"select t::text from marts.{name} as t order by 1")
            for name in sorted(tables)
        }

    def keys() -> list[Any]:
        return built.rows(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
            "where connamespace = 'marts'::regnamespace and contype in ('p', 'f') order by 1, 2"
        )

    before, keys_before = contents(), keys()
    built.build("--exclude-resource-type", "unit_test")
    assert contents() == before
    assert keys() == keys_before
    # a table that others refer to, built alone: their foreign keys are back afterwards
    built.build(
        "--select", "dim_repositories,resource_type:model", "fct_pull_requests,resource_type:model"
    )
    assert keys() == keys_before
