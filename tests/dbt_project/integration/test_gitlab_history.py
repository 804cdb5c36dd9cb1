"""A small GitLab written by hand: the facts were worked out on paper, not with the models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.integration

EARLIER = datetime(2026, 2, 1, 6, tzinfo=UTC)
API, WEB, TOOLS, PIPE, LIB, CLI = 1, 2, 3, 4, 5, 6
ANN, BOB, TOKEN = 1, 2, 3


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment of February 2026."""
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def settings(project: Any) -> None:
    project.insert(
        "raw_settings.organization",
        {"slug": "acme", "timezone": "UTC", "week_starts_on": "monday", "history_since": at(1)},
    )
    project.insert(
        "raw_settings.metrics",
        {"definition": "current", "hotfix_labels": ["hotfix"], "bands_year": 2024},
    )
    project.insert("raw_settings.connections", {"connection": "gitlab", "source": "gitlab"})
    project.insert(
        "raw_settings.environment_tiers",
        {"position": 1, "tier": "production", "pattern": "(?i)^prod"},
        {"position": 2, "tier": "staging", "pattern": "(?i)stag"},
    )
    project.insert(
        "raw_settings.deployment_rules",
        {"position": 1, "kind": "job", "repositories": ["acme/tools/*"], "name": "^deploy"},
        {"position": 2, "kind": "pipeline", "repositories": ["pipe"], "branch": "^main$"},
        # about GitHub alone: the deployments of no project are hidden by it
        {"position": 3, "kind": "workflow_run"},
    )
    project.insert("raw_settings.incident_rules", {"position": 1, "issue_types": ["Incident"]})


def projects(project: Any) -> None:
    paths = {
        API: "acme/backend/api",
        WEB: "acme/web",
        TOOLS: "acme/tools/ci",
        PIPE: "acme/pipe",
        LIB: "acme/lib",
        CLI: "acme/cli",
    }
    project.insert(
        "raw_gitlab.projects",
        *(
            {
                "id": number,
                "group_id": 9,
                "path_with_namespace": path,
                "name": path.title(),
                "default_branch": "main",
                "visibility": "internal",
                "created_at": at(1),
                "deleted_at": at(27) if number == CLI else None,
            }
            for number, path in paths.items()
        ),
    )
    project.insert(
        "raw_gitlab.users",
        {"id": ANN, "username": "ann", "name": "Ann", "public_email": "ann@acme.test"},
        {"id": BOB, "username": "bob", "name": "Bob", "public_email": "bob@acme.test"},
        {"id": TOKEN, "username": "project_1_bot_f00", "name": "Token", "is_bot": True},
    )


def merge_request(project: Any, iid: int, commits: str = "", **columns: Any) -> None:
    """Merge request !iid (id 100 + iid) of the API project by Ann, merged a day after it was
    opened unless told; `commits` names those of its branch, oldest first."""
    opened = columns.get("created_at", at(iid))
    listed = commits.split()
    project.insert(
        "raw_gitlab.merge_requests",
        {
            "id": 100 + iid,
            "project_id": API,
            "iid": iid,
            "title": f"Change {iid}",
            "state": "merged",
            "author_id": ANN,
            "author_username": "ann",
            "target_branch": "main",
            "source_branch": f"change-{iid}",
            "head_sha": listed[-1] if listed else None,
            "created_at": opened,
            "merged_at": opened + timedelta(days=1),
            **columns,
        },
    )
    project.insert(
        "raw_gitlab.merge_request_commits",
        *(
            {
                "merge_request_id": 100 + iid,
                "project_id": API,
                "sha": sha,
                "position": position,
                "authored_at": at(iid, position),
                "committed_at": at(iid, position),
            }
            for position, sha in enumerate(listed, 1)
        ),
    )


def note(project: Any, iid: int, author: int, when: datetime, action: str | None = None) -> None:
    """A comment; with an action one of GitLab's own; "line" is a comment on a changed line."""
    note.number = getattr(note, "number", 0) + 1  # type: ignore[attr-defined]
    project.insert(
        "raw_gitlab.merge_request_notes",
        {
            "id": note.number,  # type: ignore[attr-defined]
            "merge_request_id": 100 + iid,
            "project_id": API,
            "author_id": author,
            "is_system": action not in (None, "line"),
            "type": "DiffNote" if action == "line" else None,
            "action": None if action == "line" else action,
            "created_at": when,
            # notes are kept for ever: an old sync brought it
            "synced_at": EARLIER,
        },
    )


def merge_requests(project: Any) -> None:
    # the five ways of merging
    merge_request(project, 1, "a1 a2", merge_commit_sha="m1")
    merge_request(project, 2, "b1 b2", merge_commit_sha="m2", squash_commit_sha="s2")
    merge_request(project, 3, "c1", merge_commit_sha="m3")
    merge_request(project, 4, "d1 d2")
    merge_request(project, 5, "e1 e2", squash_commit_sha="s5")
    project.insert(
        "raw_gitlab.merge_request_commits",
        {"merge_request_id": 104, "project_id": API, "sha": "forced", "synced_at": EARLIER},
    )
    # opened as a draft; still one; undoes !1; closed
    merge_request(project, 6, state="opened", merged_at=None)
    note(project, 6, ANN, at(6, 18), "ready")
    merge_request(project, 7, state="opened", is_draft=True, merged_at=None)
    merge_request(
        project,
        8,
        "f1",
        reverted_iids=[1],
        labels=["Hotfix"],
        closing_issues=["Acme/Backend/API#1", "acme/nowhere#1"],
    )
    merge_request(
        project, 9, state="closed", merged_at=None, closed_at=at(10), merge_commit_sha="t"
    )

    note(project, 1, ANN, at(1, 13))
    note(project, 1, TOKEN, at(1, 14), "line")
    note(project, 1, BOB, at(1, 15), "review_requested")
    note(project, 1, BOB, at(1, 16))
    note(project, 1, BOB, at(1, 17), "approved")
    note(project, 1, BOB, at(3), "line")  # after the merge
    note(project, 3, BOB, at(3, 13), "approved")
    note(project, 3, BOB, at(3, 14), "unapproved")
    project.insert(
        "raw_gitlab.merge_request_approvals",
        {
            "merge_request_id": 102,
            "user_id": BOB,
            "project_id": API,
            "username": "bob",
            "approved_at": at(2, 20),
        },
        # withdrawn since: the last reading of the list did not hold it
        {
            "merge_request_id": 104,
            "user_id": BOB,
            "project_id": API,
            "username": "bob",
            "approved_at": at(4, 20),
            "synced_at": EARLIER,
        },
    )


def commits(project: Any) -> None:
    """The default branch: what each way of merging left there, and one direct push."""

    def commit(sha: str, when: datetime, **columns: Any) -> None:
        project.insert(
            "raw_gitlab.commits",
            {
                "project_id": API,
                "sha": sha,
                "authored_at": when,
                "committed_at": when,
                "author_name": "Ann",
                "author_email": "Ann@acme.test",
                "message_headline": f"Headline of {sha}",
                "is_on_default_branch": True,
                **columns,
            },
        )

    for sha in ("a1", "a2", "s2", "m2", "c1", "m3", "d1", "d2", "s5", "f1"):
        commit(sha, at(10))
    commit("m1", at(2), merge_request_iid=1)
    commit("picked", at(11), merge_request_iid=2, author_email="bob@acme.test")
    commit("pushed", at(12), author_email="someone@else.test")
    commit("undone", at(13), message_headline='Revert "Headline of m1"', reverted_iids=[1])


def deployments(project: Any) -> None:
    def deployment(number: int, environment: str, tier: str | None, status: str, **c: Any) -> None:
        project.insert(
            "raw_gitlab.deployments",
            {
                "id": number,
                "project_id": WEB,
                "environment": environment,
                "environment_tier": tier,
                "status": status,
                "commit_sha": "w1",
                "created_at": at(number),
                **c,
            },
        )

    deployment(1, "Production", "testing", "success", finished_at=at(1, 13), updated_at=at(9))
    deployment(2, "eu", "production", "success", job_finished_at=at(2, 13), updated_at=at(9))
    deployment(3, "staging/1", None, "failed", updated_at=at(3, 13))
    deployment(4, "moon", None, "running", updated_at=at(4, 13))

    def job(number: int, name: str, status: str, **columns: Any) -> None:
        project.insert(
            "raw_gitlab.jobs",
            {
                "id": number,
                "project_id": TOOLS,
                "pipeline_id": 70,
                "name": name,
                "status": status,
                "ref_name": "main",
                "head_sha": "t1",
                "is_retried": False,
                "created_at": at(5),
                "started_at": at(5, 13),
                "finished_at": at(5, 14),
                **columns,
            },
        )

    job(1, "deploy", "failed", is_retried=True)
    job(2, "deploy", "success", finished_at=at(5, 15))
    job(3, "test", "failed")
    job(4, "deploy us", "manual", started_at=None, finished_at=None)

    def pipeline(number: int, project_id: int, ref: str, status: str) -> None:
        project.insert(
            "raw_gitlab.pipelines",
            {
                "id": number,
                "project_id": project_id,
                "source": "push",
                "status": status,
                "ref_name": ref,
                "head_sha": "p1",
                "created_at": at(6),
                "finished_at": at(6, 13),
            },
        )

    # its job deployed well, whatever became of the rest
    pipeline(70, TOOLS, "main", "failed")
    pipeline(1, PIPE, "main", "success")
    pipeline(2, PIPE, "dev", "success")
    project.insert(
        "raw_gitlab.releases",
        {"project_id": LIB, "tag_name": "1.0", "commit_sha": "l1", "released_at": at(7)},
        {"project_id": LIB, "tag_name": "2.0", "is_upcoming": True, "released_at": at(28)},
        {"project_id": WEB, "tag_name": "9.9", "commit_sha": "w1", "released_at": at(7)},
    )
    project.insert(
        "raw_gitlab.tags",
        {"project_id": CLI, "name": "v1.0", "commit_sha": "k1", "tagged_at": at(8)},
        {"project_id": CLI, "name": "latest", "commit_sha": "k1", "tagged_at": at(8)},
    )


def issues(project: Any) -> None:
    project.insert(
        "raw_gitlab.issues",
        {
            "id": 1,
            "project_id": API,
            "iid": 1,
            "title": "Down",
            "state": "closed",
            "type": "incident",
            "severity": "HIGH",
            "created_at": at(9),
            "closed_at": at(10),
            "mentioned": {"merge_requests": ["acme/backend/api!2"]},
        },
        {"id": 2, "project_id": API, "iid": 2, "state": "opened", "created_at": at(9)},
    )


@pytest.fixture(scope="module")
def built(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    for part in (settings, projects, merge_requests, commits, deployments, issues):
        part(project)
    project.build("--exclude-resource-type", "unit_test")
    return project


def test_the_commit_that_brings_a_change_is_known_for_every_way_of_merging(built: Any) -> None:
    assert built.rows(
        "select number, state, merge_commit_sha, merged_at, closed_at, commit_count "
        "from marts.fct_pull_requests order by 1"
    ) == [
        (1, "merged", "m1", at(2), at(2), 2),
        (2, "merged", "m2", at(3), at(3), 2),
        (3, "merged", "m3", at(4), at(4), 1),
        (4, "merged", "d2", at(5), at(5), 2),
        (5, "merged", "s5", at(6), at(6), 2),
        (6, "open", None, None, None, None),
        (7, "open", None, None, None, None),
        (8, "merged", "f1", at(9), at(9), 1),
        (9, "closed", None, None, at(10), None),
    ]


def test_commits_belong_to_the_merge_request_that_brought_them(built: Any) -> None:
    assert built.rows(
        "select sha, pull_request_id, pull_request_link_method from marts.fct_commits order by 1"
    ) == [
        ("a1", "gitlab:101", "commit_list"),
        ("a2", "gitlab:101", "commit_list"),
        ("c1", "gitlab:103", "commit_list"),
        ("d1", "gitlab:104", "commit_list"),
        ("d2", "gitlab:104", "merge_commit"),
        ("f1", "gitlab:108", "merge_commit"),
        ("m1", "gitlab:101", "merge_commit"),
        ("m2", "gitlab:102", "merge_commit"),
        ("m3", "gitlab:103", "merge_commit"),
        ("picked", "gitlab:102", "message"),
        ("pushed", None, None),
        ("s2", "gitlab:102", "squash_commit"),
        ("s5", "gitlab:105", "merge_commit"),
        ("undone", None, None),
    ]


def test_the_moments_of_a_merge_request(built: Any) -> None:
    # Ann's own words, the bot's and GitLab's own are no responses.
    assert built.rows(
        "select number, ready_at, first_commit_at, first_review_at, first_approved_at, "
        "reviews_count from marts.fct_pull_requests where number < 8 order by 1"
    ) == [
        (1, at(1), at(1, 1), at(1, 16), at(1, 17), 1),
        (2, at(2), at(2, 1), at(2, 20), at(2, 20), 1),
        # an approval withdrawn is a review, but none that approves
        (3, at(3), at(3, 1), at(3, 13), None, 1),
        (4, at(4), at(4, 1), None, None, 0),
        (5, at(5), at(5, 1), None, None, 0),
        (6, at(6, 18), None, None, None, 0),
        (7, None, None, None, None, 0),
    ]


def test_approvals_and_comments_on_lines_are_reviews(built: Any) -> None:
    assert built.rows(
        "select pull_request_id, reviewer_id, is_bot, state, submitted_at "
        "from marts.fct_pull_request_reviews order by submitted_at"
    ) == [
        ("gitlab:101", "gitlab:3", True, "commented", at(1, 14)),
        ("gitlab:101", "gitlab:2", False, "approved", at(1, 17)),
        ("gitlab:102", "gitlab:2", False, "approved", at(2, 20)),
        ("gitlab:101", "gitlab:2", False, "commented", at(3)),
        ("gitlab:103", "gitlab:2", False, "dismissed", at(3, 13)),
    ]


def test_authors_of_commits_are_found_by_their_addresses(built: Any) -> None:
    found = dict(built.rows("select sha, author_id from marts.fct_commits"))
    assert found["a1"] == "gitlab:1"
    assert found["picked"] == "gitlab:2"
    # md5 of someone@else.test
    assert found["pushed"] == "gitlab:git:" + "c512f802c96d3a65147c244d40dfeeb6"


def test_reverts_and_hotfixes(built: Any) -> None:
    assert built.rows("select * from marts.bridge_pull_request_reverts") == [
        ("gitlab:108", "gitlab:101", "number")
    ]
    assert built.rows(
        "select number from marts.fct_pull_requests where is_hotfix or is_revert"
    ) == [(8,)]
    # pushed by GitLab's button, which names the merge request only
    assert built.rows(
        "select sha, reverted_sha, reverted_pull_request_id, method "
        "from marts.bridge_commit_reverts"
    ) == [("undone", "m1", "gitlab:101", "number")]


def test_deployments_are_recognised_by_rules_or_by_default(built: Any) -> None:
    assert built.rows(
        "select deployment_id, service_id, status, finished_at, detected_by "
        "from marts.fct_deployments order by 1"
    ) == [
        ("gitlab:1", "gitlab:2", "success", at(1, 13), "default:deployment"),
        ("gitlab:2", "gitlab:2", "success", at(2, 13), "default:deployment"),
        ("gitlab:3", "gitlab:2", "failure", at(3, 13), "default:deployment"),
        ("gitlab:4", "gitlab:2", "in_progress", None, "default:deployment"),
        ("gitlab:5:release:1.0", "gitlab:5", "success", at(7), "default:release"),
        ("gitlab:6:tag:v1.0", "gitlab:6", "success", at(8), "default:tag"),
        # each attempt has its own result
        ("gitlab:job:1", "gitlab:3", "failure", at(5, 14), "job"),
        ("gitlab:job:2", "gitlab:3", "success", at(5, 15), "job"),
        ("gitlab:pipeline:1", "gitlab:4", "success", at(6, 13), "pipeline"),
    ]


def test_gitlabs_tier_counts_where_no_pattern_of_the_settings_does(built: Any) -> None:
    assert built.rows(
        "select environment, environment_tier from marts.fct_deployments "
        "where detected_by = 'default:deployment' order by 1"
    ) == [
        ("Production", "production"),  # testing, says GitLab
        ("eu", "production"),
        ("moon", "other"),
        ("staging/1", "staging"),
    ]


def test_pipelines_are_runs(built: Any) -> None:
    assert built.rows(
        "select pipeline_run_id, repository_id, event, branch, status, conclusion, finished_at "
        "from marts.fct_pipeline_runs order by 1"
    ) == [
        ("gitlab:1", "gitlab:4", "push", "main", "success", "success", at(6, 13)),
        ("gitlab:2", "gitlab:4", "push", "dev", "success", "success", at(6, 13)),
        ("gitlab:70", "gitlab:3", "push", "main", "failure", "failed", at(6, 13)),
    ]


def test_a_deleted_project_stays_with_its_history(built: Any) -> None:
    assert built.rows(
        "select repository_id, is_archived, deleted_at from marts.dim_repositories "
        "where is_archived"
    ) == [("gitlab:6", True, at(27))]
    assert built.rows("select name from marts.dim_services where service_id = 'gitlab:6'") == [
        ("acme/cli",)
    ]


def test_incidents_are_issues_of_the_type(built: Any) -> None:
    assert built.rows(
        "select incident_id, service_id, opened_at, resolved_at, severity from marts.fct_incidents"
    ) == [("gitlab:1", "gitlab:1", at(9), at(10), "high")]
    assert built.rows(
        "select incident_id, pull_request_id from marts.bridge_incident_references"
    ) == [("gitlab:1", "gitlab:102")]
    assert built.rows(
        "select pull_request_id, issue_id, method from marts.bridge_pull_request_issues"
    ) == [("gitlab:108", "gitlab:1", "closing_reference")]
