"""Later syncs read what changed, and nothing that changed is missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.gitlab_site import ANN, BOB, FakeGitlab, GitlabWorld, sha

pytestmark = pytest.mark.integration

A, B, C, D, E = (sha(letter) for letter in "abcde")


@pytest.fixture
def shop(gitlab: FakeGitlab) -> dict[str, Any]:
    project = gitlab.project(10, "shop")
    gitlab.commit(10, A, at="2026-01-10T08:00:00.000Z")
    gitlab.commit(10, B, A, at="2026-01-11T08:00:00.000Z")
    gitlab.merge_request(10, 100, 1, "2026-01-11T09:00:00.000Z")
    gitlab.issue(10, 200, 1, "2026-01-11T09:00:00.000Z")
    gitlab.pipeline(10, 300, "2026-01-11T09:10:00.000Z")
    gitlab.job(10, 400, 300)
    gitlab.deployment(10, 500, "2026-01-11T10:05:00.000Z")
    gitlab.add(10, "labels", id=1, name="bug", color="#ff0000", is_project_label=True)
    # Its activity shows that the server's clock is past the hour that the shop's may hide.
    gitlab.project(11, "busy", last_activity_at="2026-02-01T02:00:00.000Z")
    return project


def quiet_requests(gitlab: FakeGitlab) -> list[str]:
    return [target.partition("?")[0] for target, _, _ in gitlab.requests]


def test_an_unchanged_project_costs_no_request_and_no_row(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.data[10, "deployments"][0]["deployable"] = {"id": 400, "pipeline": {"id": 300}}
    gitlab.projects.pop(11)
    gitlab.project(11, "busy", last_activity_at="2026-02-01T02:00:00.000Z", archived=True)
    assert gitlab_world.read().status("acme/shop")["status"] == "succeeded"
    gitlab_world.read()  # within the hour after its activity, the busy one is read again
    gitlab.requests.clear()

    third = gitlab_world.read()

    assert sorted(quiet_requests(gitlab)) == [
        "/api/graphql",
        "/groups/1/descendant_groups",
        "/groups/1/issues",
        "/groups/1/members",
        "/groups/1/merge_requests",
        "/groups/1/projects",
        "/groups/acme",
    ]
    changed = {name for name, count in third.report.row_counts.items() if count}
    assert changed == {"groups", "project_syncs", "request_ledger"}
    assert (third.report.repositories, third.report.skipped) == (2, 2)


def test_a_second_sync_asks_only_for_what_changed(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    for n in range(150):
        gitlab.merge_request(10, 1000 + n, 10 + n, f"2026-01-20T{n % 24:02}:00:00.000Z")
    gitlab_world.read()
    first = len(gitlab.requests)
    gitlab.requests.clear()
    gitlab.data[10, "merge_requests"][5]["updated_at"] = "2026-02-20T00:00:00.000Z"
    gitlab.merge_request(10, 5000, 999, "2026-02-21T00:00:00.000Z")

    second = gitlab_world.read()

    assert first > 450
    assert second.values("merge_requests", "iid") == [14, 999]
    assert len(gitlab.asked(r"/merge_requests/\d+/")) == 6
    assert len(gitlab.requests) < 30


def test_activity_within_the_hour_that_gitlab_hides_is_not_missed(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    """The last activity seen is the newest of all: nothing tells that its hour is over."""
    shop["last_activity_at"] = "2026-02-01T02:00:00.000Z"
    gitlab_world.read()
    gitlab.commit(10, C, B, at="2026-02-01T02:30:00.000Z")  # last_activity_at stays

    assert gitlab_world.read().values("commits", "sha") == [C]
    gitlab.requests.clear()
    gitlab_world.read()
    assert gitlab.asked("/projects/10/repository") == []


def test_a_quiet_project_in_which_something_ran_is_looked_at(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    """A scheduled pipeline makes a release on an old tag: no activity tells of either."""
    gitlab_world.read()
    gitlab_world.read()
    gitlab.pipeline(10, 301, "2026-02-10T03:00:00.000Z", source="schedule")
    gitlab.job(10, 401, 301)
    gitlab.add(
        10, "releases", tag_name="v1", name="One", created_at="2026-02-10T03:00:00.000Z",
        released_at="2026-02-10T03:00:00.000Z", commit={"id": A}, author=ANN,
    )  # fmt: skip

    third = gitlab_world.read()

    assert third.values("releases", "tag_name") == ["v1"]
    assert third.values("jobs", "id") == [401]


def test_an_unfinished_pipeline_is_asked_for_until_it_ends(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    at = "2026-02-28T11:00:00.000Z"
    pipeline = gitlab.pipeline(10, 301, at, status="running", created_at=at)
    job = gitlab.job(10, 401, 301, status="running", created_at=at, finished_at=None)
    gitlab_world.read()
    # The deployment is done while the pipeline goes on: its updated_at does not move.
    job.update(status="success", finished_at="2026-02-28T11:05:00.000Z")

    second = gitlab_world.read()
    pipeline.update(status="success", updated_at="2026-02-28T12:00:00.000Z")
    third = gitlab_world.read()
    gitlab.requests.clear()
    gitlab_world.read()

    assert [(j["id"], j["status"]) for j in second.rows("jobs")] == [(401, "success")]
    assert second.rows("pipelines")[0]["finished_at"] is None
    assert third.rows("pipelines")[0]["finished_at"].isoformat() == "2026-02-28T11:05:00+00:00"
    assert gitlab.asked("/pipelines/301") == []


def test_a_retried_job_is_told_from_the_one_in_its_place(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    first = gitlab_world.read()
    assert [(j["id"], j["is_retried"]) for j in first.rows("jobs")] == [(400, False)]
    gitlab.data[10, "pipelines"][0]["updated_at"] = "2026-02-10T00:00:00.000Z"
    gitlab.job(10, 450, 300)

    second = gitlab_world.read()

    found = {j["id"]: j["is_retried"] for j in second.rows("jobs")}
    assert found == {400: True, 450: False}


def test_child_pipelines_are_asked_for_by_name(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.pipeline(10, 310, "2026-01-11T09:20:00.000Z", source="parent_pipeline")

    assert gitlab_world.read().values("pipelines", "id") == [300, 310]


def test_pipelines_and_deployments_that_never_changed_are_read_once(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    """A filter by updated_after leaves out what has no updated_at."""
    gitlab.pipeline(10, 320, None, status="running", source="external")
    gitlab.deployment(10, 520, None)

    first = gitlab_world.read()

    assert first.values("pipelines", "id") == [300, 320]
    assert first.values("deployments", "id") == [500, 520]
    assert gitlab_world.read().values("deployments", "id") == []


def test_jobs_of_a_first_sync_are_listed_by_key(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    for n in range(250):
        gitlab.job(10, 1000 + n, 300, name=f"test {n}")
    gitlab.job(10, 1, 300, created_at="2025-06-01T00:00:00.000Z")  # before the history

    first = gitlab_world.read()

    assert len(first.rows("jobs")) == 251
    asked = gitlab.asked(r"^/projects/10/jobs\?")
    assert {query["pagination"] for _, query, _ in asked} == {"keyset"}
    assert len(asked) == 3


def test_a_forced_push_marks_the_commits_that_are_gone(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    assert gitlab_world.read().values("commits", "sha") == [A, B]
    gitlab.commit(10, C, A, at="2026-02-12T08:00:00.000Z")
    shop["last_activity_at"] = "2026-02-12T08:00:00.000Z"

    second = gitlab_world.read()

    found = {c["sha"]: c["is_on_default_branch"] for c in second.rows("commits")}
    assert found == {C: True, B: False}


def test_old_commits_that_are_merged_late_are_found(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab_world.read()
    gitlab.commit(10, C, A, at="2026-01-05T08:00:00.000Z", branch="old")
    gitlab.commit(10, D, B, C, at="2026-02-12T08:00:00.000Z")
    shop["last_activity_at"] = "2026-02-12T08:00:00.000Z"
    gitlab.requests.clear()

    second = gitlab_world.read()

    assert second.values("commits", "sha") == [C, D]
    ranges = [query["ref_name"] for _, query, _ in gitlab.asked("repository/commits")]
    assert ranges == [f"{B}..{D}"]


def test_an_old_head_that_is_gone_starts_the_history_anew(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab_world.read()
    del gitlab.commits[10][B]
    gitlab.commit(10, C, A, at="2026-02-12T08:00:00.000Z")
    shop["last_activity_at"] = "2026-02-12T08:00:00.000Z"

    assert gitlab_world.read().values("commits", "sha") == [A, C]


def test_commits_deployed_beside_the_default_branch_come_too(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.commit(10, C, A, at="2026-01-12T08:00:00.000Z", branch="release")
    gitlab.commit(10, D, C, at="2026-01-13T08:00:00.000Z", branch="release")
    gitlab.deployment(10, 501, "2026-01-13T10:00:00.000Z", sha=D)
    gitlab.deployment(10, 502, "2026-01-13T11:00:00.000Z", sha=E)  # its branch is deleted

    first = gitlab_world.read()

    found = {c["sha"]: c["is_on_default_branch"] for c in first.rows("commits")}
    assert found == {A: True, B: True, C: False, D: False}
    gitlab.requests.clear()
    gitlab_world.read()
    assert gitlab.asked("ref_name") == []


def test_changed_paths_are_read_for_projects_that_services_split(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.commits[10][B]["_diff"] = [
        {"old_path": "a/x.py", "new_path": "b/x.py"}, {"old_path": "c.py", "new_path": "c.py"}
    ]  # fmt: skip
    split = {"services": [{"name": "s", "paths": {"acme/shop": "a/"}}]}

    assert {c["changed_paths"] for c in gitlab_world.read().rows("commits")} == {None}
    assert gitlab.asked("/diff") == []
    # From now on it is split: the commits already there need their paths.
    second = gitlab_world.read(split)
    third = gitlab_world.read(split)

    paths = {c["sha"]: c["changed_paths"] for c in second.rows("commits")}
    assert paths == {A: [], B: ["a/x.py", "b/x.py", "c.py"]}
    assert third.rows("commits") == []


def test_a_project_new_in_the_group_brings_its_old_merge_requests(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab_world.read()
    gitlab.project(12, "moved-here")
    gitlab.merge_request(12, 120, 1, "2026-01-05T00:00:00.000Z")
    gitlab.issue(12, 220, 1, "2026-01-05T00:00:00.000Z")

    second = gitlab_world.read()
    gitlab.requests.clear()
    third = gitlab_world.read()

    assert second.values("merge_requests", "id") == [120]
    assert second.values("issues", "id") == [220]
    assert third.rows("merge_requests") == []
    assert gitlab.asked("/projects/12/merge_requests") == []


def test_archived_projects_keep_their_merge_requests(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    """non_archived is true by default in the lists of groups."""
    shop["archived"] = True

    assert gitlab_world.read().values("merge_requests", "id") == [100]


def test_a_deleted_project_is_marked_once_and_its_return_unmarks_it(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab_world.read()
    gone = gitlab.projects.pop(10)

    second, third = gitlab_world.read(), gitlab_world.read()
    gitlab.projects[10] = gone
    fourth = gitlab_world.read()

    (row,) = [p for p in second.rows("projects") if p["id"] == 10]
    assert row["deleted_at"] == gitlab_world.noon + timedelta(hours=4)
    assert (row["path_with_namespace"], row["head_sha"]) == ("acme/shop", B)
    assert third.rows("projects") == []
    assert [p["deleted_at"] for p in fourth.rows("projects") if p["id"] == 10] == [None]


def test_a_project_skipped_by_a_list_that_moved_up_is_not_taken_for_deleted(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld
) -> None:
    off = [f"{name}_access_level" for name in ("builds", "environments", "repository", "releases")]
    for n in range(120):
        gitlab.project(100 + n, f"p{n}", **dict.fromkeys(off, "disabled"))
    gitlab_world.read()

    def delete_one(path: str, query: dict[str, str]) -> None:
        if path == "/groups/1/projects" and query["page"] == "2":
            gitlab.projects.pop(100, None)

    gitlab.on_request = delete_one
    second = gitlab_world.read()

    gone = {p["id"] for p in second.rows("projects") if p["deleted_at"]}
    assert gone == set()  # 100 was listed before it went
    assert second.status("acme/p100")["project_id"] == 200  # the one that moved up
    gitlab.on_request = None
    third = gitlab_world.read()
    assert {p["id"] for p in third.rows("projects") if p["deleted_at"]} == {100}


def test_a_list_of_projects_that_breaks_off_deletes_nothing(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    from tests.fixtures.gitlab_site import refuse

    gitlab_world.read()
    gitlab.fail("^/groups/1/projects", refuse(500), times=100)
    second = gitlab_world.read()
    assert second.rows("projects") == []
    assert second.status("acme")["failed_resource"] == "projects"


def test_a_subgroup_and_its_members_that_go_away(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld
) -> None:
    gitlab.group(2, "acme/pay", 1)
    gitlab.members[2] = [{**ANN, "access_level": 30, "created_at": "2026-01-01T00:00:00Z",
                          "expires_at": "2026-12-31"}]  # fmt: skip
    first = gitlab_world.read(groups=["acme/pay", "acme"])
    del gitlab.groups[2]
    second = gitlab_world.read()

    (member,) = first.rows("group_members")
    assert (member["username"], str(member["expires_on"])) == ("ann", "2026-12-31")
    roots = {g["full_path"]: g["is_root"] for g in first.rows("groups")}
    assert roots == {"acme": True, "acme/pay": True}
    assert len(gitlab.asked("^/groups/acme")) == 2  # the subgroup is read with its parent
    deleted = {g["full_path"]: g["deleted_at"] for g in second.rows("groups")}
    assert deleted["acme/pay"] is not None
    assert deleted["acme"] is None


def test_more_history_is_read_when_the_settings_ask_for_it(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.merge_request(10, 90, 9, "2025-06-01T00:00:00.000Z")
    assert gitlab_world.read().values("merge_requests", "id") == [100]

    second = gitlab_world.read({"history": {"since": "2025-01-01"}})

    assert second.values("merge_requests", "id") == [90]
    assert gitlab_world.read({"history": {"since": "2025-01-01"}}).rows("merge_requests") == []


def test_full_reads_everything_again(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    first = gitlab_world.read().report.row_counts
    second = gitlab_world.read(full=True).report.row_counts

    aside = {"users", "request_ledger"}
    assert {n: c for n, c in second.items() if n not in aside} == {
        n: c for n, c in first.items() if n not in aside
    }


def test_a_long_list_is_read_in_rounds(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    for n in range(350):
        gitlab.merge_request(
            10, 1000 + n, 10 + n, f"2026-01-{n % 28 + 1:02}T{n % 24:02}:00:00.000Z"
        )

    sync = gitlab_world.read(longest_round=0.0)

    assert len(set(sync.values("merge_requests", "id"))) == 351
    assert sync.values("issues", "id") == [200]
    assert sync.report.failures == []


def test_several_tokens_are_used(gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any) -> None:
    gitlab_world.read(token="secret-one,secret-two")

    used = {headers["authorization"] for _, _, headers in gitlab.requests}
    assert used == {"Bearer secret-one", "Bearer secret-two"}


def test_accounts_are_asked_for_once(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.users[7] = {**ANN, "public_email": "ann@acme.test", "bot": False}
    first = gitlab_world.read()
    gitlab.merge_request(10, 101, 2, "2026-02-01T09:00:00.000Z", author=BOB)
    second = gitlab_world.read()

    (ann,) = first.rows("users")
    assert (ann["username"], ann["public_email"], ann["is_bot"]) == ("ann", "ann@acme.test", False)
    assert second.values("users", "username") == ["bob"]
    assert len(gitlab.asked("^/users/7")) == 1
