"""The served GitLab has GitLab's manners, as its documentation and public source describe them.

The instance is made by hand: two groups, three projects, and in the first of them one of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from demo.gitlab import GitLab, application
from demo.gitlab_paging import Bounds
from demo.gitlab_served import CompanyCatalog, Instance
from demo.model import (
    Account,
    Attempt,
    Closing,
    Comment,
    Commit,
    Deployment,
    DraftTurn,
    Group,
    GroupMember,
    Issue,
    Job,
    Labelling,
    PullRequest,
    Push,
    Release,
    RepositoryStory,
    Review,
    Status,
    Tag,
    WorkflowRun,
)
from demo.server import running

pytestmark = pytest.mark.integration
TOKEN = "a-token-of-the-tests"
START = datetime(2026, 9, 1, 8, tzinfo=UTC)
NOW = START + timedelta(days=60)
SHAS = [f"{number:040x}" for number in range(1, 8)]  # three on main, four on branches


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def account(number: int, login: str, kind: str = "User", **more: Any) -> Account:
    return Account(str(number), number, login, login.title(), f"{login}@acme.test", kind,
                   created_at=START - timedelta(days=99), source="gitlab", **more)  # fmt: skip


ANN, BOB, BOT = account(71, "ann"), account(72, "bob"), account(73, "project_1_bot_ab", "Bot")
EVE = account(74, "eve", blocked_at=at(24 * 30))


def commit(place: int, parents: tuple[int, ...], hours: float, message: str) -> Commit:
    return Commit(SHAS[place], tuple(SHAS[one] for one in parents), ANN, at(hours), at(hours),
                  at(hours), message, 3, 1, 2)  # fmt: skip


def request(iid: int, hours: float, pushes: tuple[Push, ...], **more: Any) -> PullRequest:
    told = {"touched": (at(hours),), "title": f"Change {iid}", "body": "", "author": ANN,
            "base_ref": "main", "head_ref": f"branch/{iid}"}  # fmt: skip
    return PullRequest(str(9000 + iid), 9000 + iid, iid, created_at=at(hours), pushes=pushes,
                       **(told | more))  # fmt: skip


def story() -> RepositoryStory:
    commits = [
        commit(0, (), 1, "Begin"), commit(1, (0, 4), 10, "Merge branch 'branch/1' into 'main'"),
        commit(2, (1,), 20, "Change 2 (!2)"), commit(3, (0,), 2, "Work"),
        commit(4, (3,), 5, "More work"), commit(5, (1,), 15, "Second"),
        commit(6, (2,), 30, "Third"),
    ]  # fmt: skip
    approval = Review("r1", 601, BOB, "APPROVED", at(7), at(7), SHAS[4], "",
                      (Comment("c2", 602, BOB, at(6.5), "why?"),))  # fmt: skip
    withdrawn = Review("r2", 603, EVE, "APPROVED", at(7.5), at(7.5), SHAS[4], "",
                       withdrawn_at=at(8), withdrawn_note_id=604)  # fmt: skip
    pulls = (
        request(1, 3, (Push(at(3), (SHAS[3],)), Push(at(5), (SHAS[3], SHAS[4]))),
                opened_as_draft=True, draft_turns=(DraftTurn("d", "READY_FOR_REVIEW", at(6), 605),),
                reviews=(approval, withdrawn), comments=(Comment("c1", 606, EVE, at(4), "hm"),),
                labels=(Labelling("bug", at(4)),), closes=(1,), merged_at=at(10), merged_by=BOB,
                merge_commit_sha=SHAS[1], merge_method="merge",
                touched=(at(3), at(4), at(5), at(6), at(7), at(7.5), at(8), at(10))),
        request(2, 15, (Push(at(15), (SHAS[5],)),), author=BOT, merged_at=at(20), merged_by=BOB,
                squash_commit_sha=SHAS[2], merge_method="squash", touched=(at(15), at(20))),
        request(3, 31, (Push(at(31), (SHAS[6],)),), opened_as_draft=True),
    )  # fmt: skip
    issue = Issue("801", 801, 1, "It burns", "", EVE, at(2), (at(2), at(10), at(12), at(13)),
                  labels=(Labelling("incident", at(2)),), kind="incident", severity="HIGH",
                  closings=(Closing(at(10), reopened_at=at(12)), Closing(at(13))),
                  comments=(Comment("c3", 607, BOB, at(11), "again"),))  # fmt: skip
    statuses = (
        Status("s1", 1, "QUEUED", at(21), ANN), Status("s2", 2, "IN_PROGRESS", at(21.1), ANN),
        Status("s3", 3, "SUCCESS", at(21.5), ANN),
    )  # fmt: skip
    failed = (Status("s4", 4, "FAILURE", at(40.5), ANN),)
    test = Job(401, "test", at(20), at(20.1), at(20.2), "failure")
    again = Job(402, "test", at(20.5), at(20.6), at(20.7), "success")
    deploy = Job(403, "deploy", at(21), at(21.1), at(21.5), "success", "deploy")
    run = WorkflowRun(301, 1, "CI", ".gitlab-ci.yml", "push", "main", SHAS[2], 1, ANN, at(20), (
        Attempt(1, ANN, at(20), at(20.2), "failure", (test,)),
        Attempt(2, BOB, at(20.5), at(21.5), "success", (again, deploy)),
    ))  # fmt: skip
    return RepositoryStory(
        "501", 501, "acme/web", "shop", "The shop", "", "main", None, ("web",), START,
        commits={one.sha: one for one in commits}, commit_pulls={SHAS[1]: 1, SHAS[2]: 2},
        main=(SHAS[0], SHAS[1], SHAS[2]), pulls=pulls, issues=(issue,),
        labels=(("bug", "ff0000", True), ("incident", "00ff00", False)),
        deployments=(
            Deployment("201", 201, "production", "main", SHAS[2], ANN, at(21), statuses,
                       job_id=403),
            Deployment("202", 202, "staging", "main", SHAS[2], ANN, at(40), failed),
        ),
        tags=(Tag("v1", SHAS[1], at(11), True, ANN, "a" * 40),
              Tag("light", SHAS[0], at(12), False, ANN, SHAS[0])),
        releases=(Release("1", 1, "v1", "One", ANN, at(11), at(11)),),
        runs=(run,), source="gitlab", group_id=12,
    )  # fmt: skip


def instance() -> Instance:
    first = story()
    bare = {"commits": {}, "main": (), "pulls": (), "issues": (), "runs": (), "deployments": (),
            "tags": (), "releases": ()}  # fmt: skip
    empty = replace(first, id="502", database_id=502, name="empty", group_id=11, owner="acme",
                    **bare)  # fmt: skip
    old = replace(first, id="503", database_id=503, name="old", archived_at=at(50), pulls=tuple(
        replace(one, id=str(9100 + one.number), database_id=9100 + one.number)
        for one in first.pulls
    ))  # fmt: skip
    groups = (
        Group(11, "acme", "acme", "Acme", None, START, (
            GroupMember(ANN, 50, START), GroupMember(BOB, 10, START),
        )),
        Group(12, "web", "acme/web", "Web", 11, START, (
            GroupMember(BOB, 30, at(1)), GroupMember(ANN, 40, at(1), until=at(5)),
            GroupMember(BOT, 30, at(2)),
        )),
        Group(13, "deep", "acme/web/deep", "Deep", 12, START, ()),
    )  # fmt: skip
    return Instance((ANN, BOB, BOT, EVE), groups, lambda: (first, empty, old))


def make(now: datetime = NOW, **more: Any) -> GitLab:
    made = instance()
    return application(lambda moment: CompanyCatalog(made, moment), now=now, tokens=[TOKEN], **more)


@pytest.fixture(scope="module")
def shared() -> Iterator[httpx.Client]:
    with running(make()) as url:
        yield _client(url)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with running(make()) as url, _client(url) as http:
        yield http


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url + "/api/v4", headers={"PRIVATE-TOKEN": TOKEN})


def own(client: httpx.Client, path: str, value: Any = None) -> Any:
    url = str(client.base_url).replace("/api/v4", "").rstrip("/") + path
    reply = httpx.get(url) if value is None else httpx.post(url, json=value)
    assert reply.status_code == 200, reply.text
    return reply.json()


# Tokens and refusals


@pytest.mark.parametrize(
    "headers", [{"PRIVATE-TOKEN": TOKEN}, {"Authorization": f"Bearer {TOKEN}"}]
)
def test_a_token_is_taken_from_either_header(shared: httpx.Client, headers: dict[str, str]) -> None:
    reply = httpx.get(f"{shared.base_url}user", headers=headers)
    assert (reply.status_code, reply.json()["username"]) == (200, "ann")


def test_refusals_are_gitlabs(shared: httpx.Client) -> None:
    # lib/api/helpers.rb: messages of refusals; Grape's own checks say "error".
    wrong = httpx.get(f"{shared.base_url}projects/501", headers={"PRIVATE-TOKEN": "wrong"})
    assert (wrong.status_code, wrong.json()) == (401, {"message": "401 Unauthorized"})
    nobody = httpx.get(f"{shared.base_url}user")
    assert (nobody.status_code, nobody.json()) == (401, {"message": "401 Unauthorized"})
    for path, status, body in (
        ("projects/999", 404, {"message": "404 Project Not Found"}),
        ("groups/nobody", 404, {"message": "404 Group Not Found"}),
        ("projects/501/merge_requests/99", 404, {"message": "404 Not found"}),
        ("projects/501/repository/commits/nonsense", 404, {"message": "404 Commit Not Found"}),
        ("projects/501/repository/branches/none", 404, {"message": "404 Branch Not Found"}),
        ("nonsense", 404, {"error": "404 Not Found"}),
        ("projects/501/merge_requests?state=none", 400,
         {"error": "state does not have a valid value"}),
        ("projects/501/issues?updated_after=yesterday", 400,
         {"error": "updated_after is invalid"}),
        ("projects?per_page=0", 400, {"error": "per_page does not have a valid value"}),
        ("projects/501/jobs?scope[]=none", 400, {"error": "scope does not have a valid value"}),
    ):  # fmt: skip
        reply = shared.get(path)
        assert (reply.status_code, reply.json()) == (status, body), path


def test_a_project_cannot_be_seen_without_a_token(shared: httpx.Client) -> None:
    reply = httpx.get(f"{shared.base_url}projects/501")
    assert (reply.status_code, reply.json()) == (404, {"message": "404 Project Not Found"})


def test_a_feature_that_is_off_is_forbidden() -> None:
    app = make()
    view = app.catalog.project(501)
    assert view is not None
    view.node |= {"merge_requests_access_level": "disabled", "builds_access_level": "disabled",
                  "issues_access_level": "disabled"}  # fmt: skip
    with running(app) as url, _client(url) as client:
        for path in ("merge_requests", "merge_requests/1/notes", "pipelines", "jobs"):
            reply = client.get(f"projects/501/{path}")
            assert (reply.status_code, reply.json()) == (403, {"message": "403 Forbidden"}), path
        assert client.get("projects/501/issues").json() == []


def test_the_version_and_the_token_are_told(shared: httpx.Client) -> None:
    assert shared.get("version").json()["version"].startswith("18.")
    token = shared.get("personal_access_tokens/self").json()
    assert (token["active"], token["scopes"], token["user_id"]) == (True, ["read_api"], 71)


# Limits


def test_the_quota_is_told_and_its_end_is_429_in_plain_text() -> None:
    with running(make(rate_limit=3)) as url, _client(url) as client:
        seen = [client.get("version").headers for _ in range(3)]
        assert [one["RateLimit-Remaining"] for one in seen] == ["2", "1", "0"]
        assert seen[0]["RateLimit-Name"] == "throttle_authenticated_api"
        assert (seen[0]["RateLimit-Limit"], seen[1]["RateLimit-Observed"]) == ("3", "2")
        reply = client.get("version")
        assert (reply.status_code, reply.text.strip()) == (429, "Retry later")
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert 1 <= int(reply.headers["Retry-After"]) <= 60
        assert reply.headers["RateLimit-ResetTime"].endswith("GMT")


# Pages


def links(reply: httpx.Response) -> set[str]:
    return set(reply.links)


def test_pages_by_number_tell_where_they_are(shared: httpx.Client) -> None:
    first = shared.get("projects/501/merge_requests?per_page=2")
    expected = {
        "x-page": "1", "x-per-page": "2", "x-next-page": "2", "x-prev-page": "", "x-total": "3",
        "x-total-pages": "2",
    }  # fmt: skip
    assert {key: first.headers[key] for key in expected} == expected
    assert links(first) == {"next", "first", "last"}
    query = parse_qs(urlsplit(first.links["next"]["url"]).query)
    assert query == {"id": ["501"], "page": ["2"], "per_page": ["2"]}
    last = shared.get(first.links["next"]["url"])
    assert (last.headers["x-next-page"], last.headers["x-prev-page"]) == ("", "1")
    assert [row["iid"] for row in (*first.json(), *last.json())] == [3, 2, 1]
    beyond = shared.get("projects/501/merge_requests?page=9")
    assert (beyond.json(), beyond.headers["x-next-page"]) == ([], "")


def test_a_page_has_twenty_rows_and_at_most_a_hundred(shared: httpx.Client) -> None:
    assert shared.get("groups").headers["x-per-page"] == "20"
    assert shared.get("groups?per_page=500").headers["x-per-page"] == "100"


def test_totals_are_missing_on_long_lists_and_on_commits() -> None:
    with running(make(bounds=Bounds(counted_rows=2))) as url, _client(url) as client:
        long = client.get("projects/501/merge_requests?per_page=2")
        assert "x-total" not in long.headers
        assert "x-total-pages" not in long.headers
        assert links(long) == {"next", "first"}
        commits = client.get("projects/501/repository/commits?per_page=3&all=true")
        assert "x-total" not in commits.headers


def test_a_full_last_page_of_commits_promises_one_more(shared: httpx.Client) -> None:
    # lib/api/commits.rb: "1 more commit after the one we've loaded"; the next page is empty
    path = "projects/501/repository/commits?per_page=4"  # the main line and two of !1
    full = shared.get(path + "&ref_name=main")
    assert len(full.json()) == 4
    more = shared.get(f"{path}&ref_name=main&page=2")
    assert (len(more.json()), more.headers["x-next-page"]) == (1, "")
    assert shared.get("projects/501/repository/commits?per_page=5").headers["x-next-page"] == "2"


def test_offsets_end_where_keys_are_offered() -> None:
    with running(make(bounds=Bounds(offset_rows=40))) as url, _client(url) as client:
        assert client.get("projects?page=2").status_code == 200
        reply = client.get("projects?page=3")
        assert reply.status_code == 405
        assert reply.json()["error"].startswith(
            "Offset pagination has a maximum allowed offset of 40 for requests that return objects "
            "of type Project."
        )
        assert client.get("projects/501/jobs?page=3").status_code == 405
        assert client.get("projects/501/merge_requests?page=3").status_code == 200


def test_projects_page_by_key_until_an_empty_page_without_a_link(shared: httpx.Client) -> None:
    url: str | None = "projects?pagination=keyset&order_by=id&sort=asc&per_page=2"
    pages = []
    while url:
        reply = shared.get(url)
        assert "x-page" not in reply.headers
        pages.append([row["id"] for row in reply.json()])
        url = reply.links.get("next", {}).get("url")
        assert url is None or f"id_after={pages[-1][-1]}" in url
    assert pages == [[501, 502], [503], []]
    down = shared.get("projects?pagination=keyset&order_by=id&sort=desc&per_page=1")
    assert "id_before=503" in down.links["next"]["url"]
    for wrong in ("projects?pagination=keyset", "projects?pagination=keyset&order_by=name"):
        reply = shared.get(wrong)
        assert reply.status_code == 405
        assert reply.json()["error"].startswith("Keyset pagination is not yet available")


def test_jobs_page_by_cursor_and_the_last_page_has_no_link(shared: httpx.Client) -> None:
    path = "projects/501/jobs?pagination=keyset&order_by=id&sort=desc&per_page=2"
    first = shared.get(path)
    assert [row["id"] for row in first.json()] == [403, 402]
    assert "cursor=" in first.links["next"]["url"]
    last = shared.get(first.links["next"]["url"])
    assert [row["id"] for row in last.json()] == [401]
    assert not last.links
    assert shared.get(path.replace("desc", "asc")).status_code == 405
    assert "x-total" not in shared.get("projects/501/jobs").headers


# Groups and people


def test_groups_are_found_by_id_and_by_encoded_path(shared: httpx.Client) -> None:
    assert shared.get("groups/12").json()["full_path"] == "acme/web"
    assert shared.get("groups/Acme%2Fweb").json()["id"] == 12
    assert [row["id"] for row in shared.get("groups/acme/subgroups").json()] == [12]
    found = shared.get("groups/acme/descendant_groups").json()
    assert {row["full_path"] for row in found} == {"acme/web", "acme/web/deep"}
    assert shared.get("groups/acme").json()["parent_id"] is None


def test_projects_of_subgroups_only_when_asked_for(shared: httpx.Client) -> None:
    def ids(path: str) -> set[int]:
        return {row["id"] for row in shared.get(path).json()}

    assert ids("groups/acme/projects") == {502}
    assert ids("groups/acme/projects?include_subgroups=true") == {501, 502, 503}
    assert ids("groups/acme/projects?include_subgroups=true&archived=false") == {501, 502}
    assert ids("groups/acme/projects?include_subgroups=true&archived=true") == {503}
    empty = shared.get("projects/acme%2Fempty").json()
    assert (empty["empty_repo"], empty["default_branch"]) == (True, None)
    assert shared.get("projects/502/repository/commits").json() == []


def test_members_are_direct_ones_and_all_with_the_highest_access(shared: httpx.Client) -> None:
    direct = shared.get("groups/12/members").json()
    assert [(row["username"], row["access_level"]) for row in direct] == [
        ("bob", 30), ("project_1_bot_ab", 30),
    ]  # fmt: skip
    every = shared.get("groups/12/members/all").json()
    assert {row["username"]: row["access_level"] for row in every} == {
        "ann": 50, "bob": 30, "project_1_bot_ab": 30,
    }  # fmt: skip
    assert direct[0]["created_at"] == "2026-09-01T09:00:00.000Z"


def test_bots_and_blocked_people_are_marked(shared: httpx.Client) -> None:
    assert [shared.get(f"users/{number}").json()["bot"] for number in (71, 73)] == [False, True]
    assert shared.get("users/74").json()["state"] == "blocked"
    assert shared.get("users/75").status_code == 404


# Merge requests


def test_group_lists_leave_out_archived_projects_unless_asked(shared: httpx.Client) -> None:
    rows = shared.get("groups/acme/merge_requests?per_page=100").json()
    assert {row["project_id"] for row in rows} == {501}
    assert len(shared.get("groups/acme/merge_requests?non_archived=false").json()) == 6


def test_updated_lists_hold_what_changed_at_or_after(shared: httpx.Client) -> None:
    path = "groups/acme/merge_requests?order_by=updated_at&sort=asc&updated_after="
    found = shared.get(path + at(20).isoformat().replace("+00:00", "Z")).json()
    assert [row["iid"] for row in found] == [2, 3]
    later = (at(20) + timedelta(milliseconds=1)).isoformat().replace("+00:00", "Z")
    assert [row["iid"] for row in shared.get(path + later).json()] == [3]
    rows = shared.get("projects/501/merge_requests?iids[]=1&iids[]=3").json()
    assert [row["iid"] for row in rows] == [3, 1]


def test_each_way_of_merging_has_its_fields(shared: httpx.Client) -> None:
    rows = {row["iid"]: row for row in shared.get("projects/501/merge_requests").json()}
    assert (rows[1]["merge_commit_sha"], rows[1]["squash_commit_sha"]) == (SHAS[1], None)
    assert (rows[2]["merge_commit_sha"], rows[2]["squash_commit_sha"]) == (None, SHAS[2])
    assert rows[2]["merge_user"]["username"] == "bob"
    assert rows[1]["merged_at"] == "2026-09-01T18:00:00.000Z"
    assert (rows[3]["state"], rows[3]["draft"], rows[3]["title"]) == (
        "opened", True, "Draft: Change 3",
    )  # fmt: skip


def test_commits_of_a_merge_request_come_newest_first_without_parents(
    shared: httpx.Client,
) -> None:
    rows = shared.get("projects/501/merge_requests/1/commits").json()
    assert [row["id"] for row in rows] == [SHAS[4], SHAS[3]]
    assert all(row["parent_ids"] == [] and "stats" not in row for row in rows)


def test_system_notes_say_what_gitlab_says(shared: httpx.Client) -> None:
    rows = shared.get("projects/501/merge_requests/1/notes?sort=asc&per_page=100").json()
    told = [(row["author"]["username"], row["system"], row["type"], row["body"]) for row in rows]
    added = (
        f"added 1 commit\n\n<ul><li>{SHAS[4][:8]} - More work</li></ul>\n\n[Compare with previous "
        "version](/acme/web/shop/-/merge_requests/1/diffs?diff_id=9001&start_sha="
        f"{SHAS[3]})"
    )
    assert told == [
        ("eve", False, None, "hm"),
        ("ann", True, None, added),
        ("ann", True, None, "marked this merge request as **ready**"),
        ("bob", True, None, "approved this merge request"),
        ("bob", False, "DiffNote", "why?"),
        ("eve", True, None, "approved this merge request"),
        ("eve", True, None, "unapproved this merge request"),
    ]
    assert len({row["id"] for row in rows}) == len(rows)
    only = shared.get("projects/501/merge_requests/1/notes?activity_filter=only_comments").json()
    assert [row["body"] for row in only] == ["why?", "hm"]


def test_approvals_are_those_that_stand(shared: httpx.Client) -> None:
    found = shared.get("projects/501/merge_requests/1/approvals").json()
    assert [(one["user"]["username"], one["approved_at"]) for one in found["approved_by"]] == [
        ("bob", "2026-09-01T15:00:00.000Z"),
    ]  # fmt: skip
    rules = shared.get("projects/501/merge_requests/1/approval_state").json()["rules"]
    assert [one["username"] for one in rules[0]["approved_by"]] == ["bob"]


def test_state_events_tell_of_merging_closing_and_reopening(shared: httpx.Client) -> None:
    rows = shared.get("projects/501/merge_requests/1/resource_state_events").json()
    assert [(row["state"], row["user"]["username"]) for row in rows] == [("merged", "bob")]
    rows = shared.get("projects/501/issues/1/resource_state_events").json()
    assert [row["state"] for row in rows] == ["closed", "reopened", "closed"]


def test_issues_and_merge_requests_know_each_other(shared: httpx.Client) -> None:
    closes = shared.get("projects/501/merge_requests/1/closes_issues").json()
    assert [row["iid"] for row in closes] == [1]
    related = shared.get("projects/501/issues/1/related_merge_requests").json()
    assert [row["iid"] for row in related] == [1]
    bodies = {row["body"] for row in shared.get("projects/501/issues/1/notes").json()}
    assert bodies == {"mentioned in merge request !1", f"mentioned in commit {SHAS[1]}", "again"}


def test_an_incident_is_an_issue_with_type_and_severity(shared: httpx.Client) -> None:
    (row,) = shared.get("groups/acme/issues?issue_type=incident").json()
    assert (row["issue_type"], row["type"], row["severity"]) == ("incident", "INCIDENT", "HIGH")
    assert (row["state"], row["closed_at"]) == ("closed", "2026-09-01T21:00:00.000Z")
    assert shared.get("groups/acme/issues?state=opened").json() == []


# The repository


def test_commits_have_offsets_parents_and_stats_on_demand(shared: httpx.Client) -> None:
    rows = shared.get("projects/501/repository/commits?ref_name=main").json()
    assert [row["id"] for row in rows] == [SHAS[2], SHAS[1], SHAS[4], SHAS[3], SHAS[0]]
    assert rows[1]["parent_ids"] == [SHAS[0], SHAS[4]]
    assert rows[0]["committed_date"] == "2026-09-01T23:00:00.000-05:00"  # ann sits in New York
    assert "stats" not in rows[0]
    told = shared.get("projects/501/repository/commits?with_stats=true").json()
    assert told[0]["stats"] == {"additions": 3, "deletions": 1, "total": 4}


def test_commits_are_cut_by_time_and_branch(shared: httpx.Client) -> None:
    path = "projects/501/repository/commits"
    since = shared.get(path, params={"since": at(10).isoformat(), "until": at(20).isoformat()})
    assert [row["id"] for row in since.json()] == [SHAS[2], SHAS[1]]
    branch = shared.get(path, params={"ref_name": "branch/3"}).json()
    assert branch[0]["id"] == SHAS[6]
    assert len(shared.get(path, params={"all": "true"}).json()) == 6
    first = shared.get(path, params={"first_parent": "true"}).json()
    assert [row["id"] for row in first] == [SHAS[2], SHAS[1], SHAS[0]]
    assert shared.get(path, params={"ref_name": "none"}).status_code == 404


def test_a_commit_leads_to_its_changes_and_merge_request(shared: httpx.Client) -> None:
    path = f"projects/501/repository/commits/{SHAS[1]}"
    assert shared.get(path).json()["stats"]["total"] == 4
    assert [row["iid"] for row in shared.get(f"{path}/merge_requests").json()] == [1]
    assert len(shared.get(f"{path}/diff").json()) == 2
    branch = shared.get("projects/501/repository/branches/branch%2F3").json()
    assert branch["commit"]["id"] == SHAS[6]


def test_tags_lead_to_commits_and_annotated_ones_have_a_date(shared: httpx.Client) -> None:
    rows = {row["name"]: row for row in shared.get("projects/501/repository/tags").json()}
    assert (rows["v1"]["target"], rows["v1"]["commit"]["id"]) == ("a" * 40, SHAS[1])
    assert rows["v1"]["created_at"] == "2026-09-01T19:00:00.000Z"
    assert (rows["light"]["target"], rows["light"]["created_at"]) == (SHAS[0], None)
    (release,) = shared.get("projects/501/releases").json()
    assert (release["tag_name"], release["commit"]["id"]) == ("v1", SHAS[1])


# Pipelines, jobs, deployments


def test_retried_jobs_only_when_asked_for(shared: httpx.Client) -> None:
    path = "projects/501/pipelines/301/jobs"
    assert [row["id"] for row in shared.get(path).json()] == [403, 402]
    rows = shared.get(f"{path}?include_retried=true").json()
    assert [(row["id"], row["status"]) for row in rows] == [
        (403, "success"), (402, "success"), (401, "failed"),
    ]  # fmt: skip
    assert rows[2]["failure_reason"] == "script_failure"
    assert "failure_reason" not in rows[0]
    assert [row["id"] for row in shared.get("projects/501/jobs?scope[]=failed").json()] == [401]


def test_a_pipeline_tells_its_times_on_its_own_page_only(shared: httpx.Client) -> None:
    (short,) = shared.get("projects/501/pipelines").json()
    assert "started_at" not in short
    full = shared.get("projects/501/pipelines/301").json()
    assert (full["status"], full["finished_at"]) == ("success", "2026-09-02T05:30:00.000Z")
    assert full["started_at"] == "2026-09-02T04:06:00.000Z"


def test_a_running_pipeline_is_unfinished(client: httpx.Client) -> None:
    own(client, "/demo/clock", {"now": at(21.2).isoformat()})
    full = client.get("projects/501/pipelines/301").json()
    assert (full["status"], full["finished_at"]) == ("running", None)
    rows = client.get("projects/501/pipelines/301/jobs").json()
    assert (rows[0]["id"], rows[0]["status"], rows[0]["finished_at"]) == (403, "running", None)
    (deployment,) = client.get("projects/501/deployments").json()
    assert (deployment["status"], deployment["deployable"]["status"]) == ("running", "running")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("updated_after=2026-01-01T00:00:00Z",
         "`updated_at` filter and `updated_at` sorting must be paired"),
        ("order_by=updated_at", "`updated_at` filter and `updated_at` sorting must be paired"),
        ("finished_after=2026-01-01T00:00:00Z&status=success",
         "`finished_at` filter and `finished_at` sorting must be paired"),
        ("finished_after=2026-01-01T00:00:00Z&order_by=finished_at",
         "`finished_at` filter must be combined with `success` status filter."),
        ("finished_after=2026-01-01T00:00:00Z&updated_after=2026-01-01T00:00:00Z",
         "Both `updated_at` filter and `finished_at` filter can not be specified"),
    ],
)  # fmt: skip
def test_filters_and_orders_of_deployments_must_fit(
    shared: httpx.Client, query: str, reason: str
) -> None:
    # app/finders/deployments_finder.rb: InefficientQueryError
    reply = shared.get(f"projects/501/deployments?{query}")
    message = f"400 Bad request - {reason}"
    assert (reply.status_code, reply.json()) == (400, {"message": message})


def test_deployments_are_found_by_time_and_carry_their_job(shared: httpx.Client) -> None:
    path = "projects/501/deployments"
    rows = shared.get(f"{path}?order_by=updated_at&updated_after=2026-09-02T12:00:00Z").json()
    assert [(row["id"], row["status"], row["deployable"]) for row in rows] == [
        (202, "failed", None),
    ]  # fmt: skip
    query = "order_by=finished_at&status=success&finished_after=2026-09-01T00:00:00Z"
    (row,) = shared.get(f"{path}?{query}").json()
    assert (row["iid"], row["deployable"]["id"], row["sha"]) == (1, 403, SHAS[2])
    assert row["deployable"]["pipeline"]["id"] == 301
    assert "finished_at" not in row
    assert row["environment"]["name"] == "production"
    found = shared.get("projects/501/environments").json()
    assert {one["name"]: one["tier"] for one in found} == {
        "production": "production", "staging": "staging",
    }  # fmt: skip
    shipped = shared.get(f"{path}/201/merge_requests").json()
    assert {one["iid"] for one in shipped} == {1, 2}


# The clock, faults and counts


def test_the_clock_shows_what_there_was(client: httpx.Client) -> None:
    own(client, "/demo/clock", {"now": at(7.2).isoformat()})
    (row,) = client.get("projects/501/merge_requests").json()
    assert (row["state"], row["merge_commit_sha"], row["merged_at"]) == ("opened", None, None)
    assert row["updated_at"] == "2026-09-01T15:00:00.000Z"
    assert client.get(f"projects/501/repository/commits/{SHAS[1]}").status_code == 404
    own(client, "/demo/clock", {"now": at(5.5).isoformat()})
    (row,) = client.get("projects/501/merge_requests").json()
    assert (row["draft"], row["title"]) == (True, "Draft: Change 1")
    assert row["labels"] == ["bug"]
    assert client.get("projects/501/merge_requests/1/approvals").json()["approved_by"] == []
    own(client, "/demo/clock", {"now": at(3.5).isoformat()})
    (row,) = client.get("projects/501/merge_requests").json()
    assert row["labels"] == []  # given half an hour later
    own(client, "/demo/clock", {"now": NOW.isoformat()})
    assert len(client.get("projects/501/merge_requests").json()) == 3


def test_last_activity_waits_an_hour_and_ignores_deployments(client: httpx.Client) -> None:
    # Activity at 31 h (a merge request), deployments at 40 h: those are none.
    project = client.get("projects/501").json()
    assert project["last_activity_at"] == "2026-09-02T15:00:00.000Z"
    own(client, "/demo/clock", {"now": at(7.6).isoformat()})
    # Moved at 7 h; the approval half an hour later moves nothing.
    assert client.get("projects/501").json()["last_activity_at"] == "2026-09-01T15:00:00.000Z"


def test_faults_spoil_the_next_replies(client: httpx.Client) -> None:
    own(client, "/demo/faults", [
        {"path": "/version", "action": "limit"},
        {"path": "/version", "status": 502, "body": "<html>"},
        {"path": "/version", "status": 403},
        {"path": "/version", "action": "garbage"},
        {"path": "/version", "action": "cut"},
        {"path": "/version", "action": "close"},
    ])  # fmt: skip
    reply = client.get("version")
    assert (reply.status_code, reply.text.strip()) == (429, "Retry later")
    assert int(reply.headers["Retry-After"]) <= 2
    assert client.get("version").status_code == 502
    assert client.get("version").json() == {"message": "403 Forbidden"}
    assert client.get("version").headers["Content-Type"] == "text/html"
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            client.get("version")
    assert client.get("version").status_code == 200


def test_a_deleted_project_is_nowhere(client: httpx.Client) -> None:
    own(client, "/demo/deleted", {"projects": [501]})
    assert client.get("projects/501").status_code == 404
    assert client.get("projects/acme%2Fweb%2Fshop").status_code == 404
    rows = client.get("groups/acme/projects?include_subgroups=true").json()
    assert {row["id"] for row in rows} == {502, 503}
    assert client.get("groups/acme/merge_requests").json() == []
    own(client, "/demo/deleted", {"projects": []})
    assert client.get("projects/501").status_code == 200


def test_requests_are_counted_by_kind(client: httpx.Client) -> None:
    client.get("projects/501/merge_requests/1/notes")
    client.get("projects/acme%2Fweb%2Fshop/merge_requests/2/notes")
    counts = own(client, "/demo/stats")["requests"]
    assert counts == {"rest /projects/*/merge_requests/*/notes": 2}
