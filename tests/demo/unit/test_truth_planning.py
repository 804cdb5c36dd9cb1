"""The truth of a tiny Jira site, worked out by hand in the comments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from demo.company import Company
from demo.model import Mention, RepositoryStory
from demo.organization import Service
from demo.planning_model import (
    IssueState,
    JiraBoard,
    JiraChange,
    JiraIssue,
    JiraItem,
    JiraNamed,
    JiraProject,
    JiraSite,
    JiraSprint,
    JiraUser,
)
from demo.site import CLOSED, IN_PROGRESS, IN_REVIEW, PRIORITIES, STORY, TODO
from demo.truth_planning import IssueLink, PlanningTruth, SprintScope, service_of

ADA = JiraUser("a1", "person:ada", "Ada", None)


def at(day: int, hour: int = 9, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, 0, second, tzinfo=UTC)


START, CLOSE = at(2), at(16)
SPRINT = JiraSprint(1, 1, "S 1", at(1), START, CLOSE, START, CLOSE, ((at(5), "Sprint one"),))
OPEN = JiraProject("1", "SHOP", "Shop", ADA, at(1), components=(JiraNamed("5", "Checkout"),))
SHUT = JiraProject("2", "SEC", "Security", ADA, at(1), is_permitted=False)


def status(when: datetime, to: str, *more: JiraItem) -> tuple[datetime, tuple[JiraItem, ...]]:
    return when, (JiraItem("status", "status", None, None, to, None), *more)


def sprint(when: datetime, to: str) -> tuple[datetime, tuple[JiraItem, ...]]:
    return when, (JiraItem("Sprint", None, None, None, to, None),)


def points(when: datetime, to: str) -> tuple[datetime, tuple[JiraItem, ...]]:
    return when, (JiraItem("Story Points", None, None, None, None, to),)


def issue(
    number: int, *changes: tuple[datetime, tuple[JiraItem, ...]], **more: object
) -> JiraIssue:
    state = IssueState(f"SHOP-{number}", str(more.pop("project", "1")), STORY.id, TODO.id, "", "",
                       **{key: more.pop(key) for key in tuple(more) if key != "deleted_at"})  # type: ignore[arg-type]  # fmt: skip
    told = tuple(
        JiraChange(f"{number}{place}", ADA, when, items)
        for place, (when, items) in enumerate(sorted(changes, key=lambda one: one[0]))
    )
    return JiraIssue(str(number), at(1), ADA, ADA, state, told, **more)  # type: ignore[arg-type]


def site(*issues: JiraIssue, **more: object) -> JiraSite:
    parts: dict[str, object] = {
        "users": (ADA,), "projects": (OPEN, SHUT),
        "boards": (JiraBoard(1, "b", "scrum", "1", at(1)),), "sprints": (SPRINT,),
        "statuses": (TODO, IN_PROGRESS, IN_REVIEW, CLOSED), "types": (STORY,), "fields": (),
        "priorities": PRIORITIES, "resolutions": (), "link_types": (), "links": (),
    }  # fmt: skip
    return JiraSite(**{**parts, **more}, issues=issues)  # type: ignore[arg-type]


def scope(*issues: JiraIssue, as_of: datetime = CLOSE + timedelta(days=9)) -> SprintScope:
    (told,) = PlanningTruth(site(*issues), as_of).tell_sprints()
    return told


def test_what_happens_exactly_at_the_start_belongs_to_the_commitment() -> None:
    # 1 was in before; 2 comes in that second; 3 goes in that second; 4 comes a second later.
    told = scope(
        issue(1, sprint_ids=(1,), story_points=3.0),
        issue(2, sprint(START, "1"), story_points=2.0),
        issue(3, sprint(START, ""), sprint_ids=(1,)),
        issue(4, sprint(START + timedelta(seconds=1), "1")),
    )
    assert told.committed == (("jira:1", 3.0), ("jira:2", 2.0))
    assert told.committed_points == 5
    assert (told.added, told.removed) == (("jira:4",), ())


def test_what_happens_exactly_at_the_close_is_inside() -> None:
    # 1 is done in that second; 2 a second later; 3 is taken out in that second, 4 a second later;
    # 5 is carried over in that second and stays in this sprint too; 6 comes in that second, done.
    told = scope(
        issue(1, status(CLOSE, CLOSED.id), sprint_ids=(1,)),
        issue(2, status(CLOSE + timedelta(seconds=1), CLOSED.id), sprint_ids=(1,)),
        issue(3, sprint(CLOSE, ""), sprint_ids=(1,)),
        issue(4, sprint(CLOSE + timedelta(seconds=1), ""), sprint_ids=(1,)),
        issue(5, sprint(CLOSE, "1, 2"), sprint_ids=(1,)),
        issue(6, status(at(3), CLOSED.id), sprint(CLOSE, "1")),
    )
    assert told.completed == ("jira:1", "jira:6")
    assert told.removed == ("jira:3",)
    assert told.added == ("jira:6",)
    assert len(told.committed) == 5


def test_points_are_those_of_the_start_and_of_the_close() -> None:
    # Promised with 3, done with 5; a guess after the close changes nothing.
    told = scope(
        issue(1, points(at(4), "5"), status(at(10), CLOSED.id), points(at(20), "8"),
              sprint_ids=(1,), story_points=3.0)
    )  # fmt: skip
    assert (told.committed_points, told.completed_points) == (3, 5)


def test_in_and_out_again_is_added_and_removed() -> None:
    told = scope(
        issue(1, sprint(at(4), "1"), sprint(at(6), "")),
        issue(2, sprint(at(4), ""), sprint(at(6), "1"), sprint_ids=(1,)),
    )
    assert (told.added, told.removed) == (("jira:1",), ("jira:1",))
    assert told.committed == (("jira:2", None),)


def test_reopened_before_the_close_is_not_completed() -> None:
    told = scope(issue(1, status(at(4), CLOSED.id), status(at(6), IN_PROGRESS.id), sprint_ids=(1,)))
    assert told.completed == ()


def test_a_running_sprint_is_told_as_of_now() -> None:
    one = issue(1, status(at(8), CLOSED.id), sprint_ids=(1,))
    before, after = scope(one, as_of=at(7)), scope(one, as_of=at(8))
    assert (before.state, before.completed, before.completed_at) == ("active", (), None)
    assert after.completed == ("jira:1",)
    assert (scope(one).state, scope(one).name) == ("closed", "Sprint one")


def test_deleted_and_forbidden_issues_are_left_out() -> None:
    told = scope(
        issue(1, sprint_ids=(1,), deleted_at=at(20)), issue(2, sprint_ids=(1,), project="2"),
        issue(3, sprint_ids=(1,)),
    )  # fmt: skip
    assert told.committed == (("jira:3", None),)


def test_an_issue_as_it_is_now() -> None:
    # To Do → In Progress on the 3rd → In Review on the 5th → Done with a resolution on the 6th →
    # back in progress on the 7th without one.
    done = JiraItem("resolution", "resolution", None, None, "1", "Done")
    undone = JiraItem("resolution", "resolution", "1", "Done", None, None)
    one = issue(
        1, status(at(3), IN_PROGRESS.id), status(at(5), IN_REVIEW.id),
        status(at(6), CLOSED.id, done), status(at(7), IN_PROGRESS.id, undone),
        component_ids=("5",), assignee_id="a1", story_points=0.5,
    )  # fmt: skip
    services = (Service("Checkout", (0,), None, (), ("Checkout",)),)
    (then,) = PlanningTruth(site(one), at(6)).tell_issues(services)
    (now,) = PlanningTruth(site(one), at(8)).tell_issues(services)
    assert (then.status_category, then.resolved_at, then.status_change_count) == ("done", at(6), 4)
    assert (now.status_category, now.resolved_at, now.status_change_count) == (
        "in_progress", None, 5,
    )  # fmt: skip
    assert (now.started_at, now.assignee, now.story_points) == (at(3), "person:ada", 0.5)
    assert (now.service_id, now.components) == ("service:checkout", ("Checkout",))


def test_a_component_decides_before_a_project() -> None:
    shop = Service("Shop", (0,), None, ("SHOP",), ())
    checkout = Service("Checkout", (1,), None, (), ("Checkout",))
    both = Service("Both", (2,), None, ("OPS",), ("Checkout",))
    assert service_of((shop, checkout), "SHOP", ("Checkout",)) == "service:checkout"
    assert service_of((shop, checkout), "SHOP", ()) == "service:shop"
    assert service_of((shop, both), "SHOP", ("Checkout",)) == "service:shop"
    assert service_of((checkout, both), "OPS", ("Checkout",)) is None  # two would fit
    assert service_of((Service("Plain", (0,)),), "SHOP", ()) is None


def test_links_know_the_key_of_then() -> None:
    moved = (at(5), (JiraItem("Key", None, None, "SHOP-1", None, "PAY-9"),))
    told = PlanningTruth(site(issue(1, moved), issue(2, deleted_at=at(4))), at(9))

    def mention(pull: str, issue_id: str, key: str, method: str) -> Mention:
        return Mention(pull, issue_id, key, method, at(3))

    story = RepositoryStory(
        id="7", database_id=7, owner="acme", name="shop", description="", habit="",
        default_branch="main", language=None, topics=(), created_at=at(1), source="gitlab",
        mentions=(
            mention("31", "1", "SHOP-1", "title"), mention("31", "1", "SHOP-1", "commit"),
            mention("32", "1", "SHOP-1", "text"), mention("32", "1", "PAY-9", "branch"),
            mention("33", "1", "SHOP-1", "remote_link"), mention("34", "2", "SHOP-2", "title"),
        ),
    )  # fmt: skip
    assert told.tell_links([story]) == (
        IssueLink("gitlab:31", "jira:1", ("commit", "title"), True),
        IssueLink("gitlab:32", "jira:1", ("branch", "text"), False),
        IssueLink("gitlab:33", "jira:1", ("remote_link",), False),
    )


def test_scopes_of_the_default_company_balance(company: Company) -> None:
    # Whatever was in a sprint at its close was promised or added, and not removed.
    truth = company.truth()
    closed = [one for one in truth.sprint_scope if one.completed_at]
    assert len(closed) > 20
    for one in closed:
        promised = {identity for identity, _ in one.committed}
        assert not promised & set(one.added)
        assert set(one.removed) <= promised | set(one.added)
        assert set(one.completed) <= (promised | set(one.added)) - set(one.removed)
    assert any(one.is_by_old_key for one in truth.issue_links)
