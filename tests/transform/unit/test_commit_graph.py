"""The walk over commit graphs: hand-worked ones, and random ones against a naive oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transform.commit_graph import CommitGraph, Deployment, Walk, in_order, walk, walk_repository

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def deployments(*shas: str | None) -> list[Deployment]:
    """d1, d2, … an hour apart."""
    return [
        Deployment(f"d{number}", sha, BEGIN + timedelta(hours=number))
        for number, sha in enumerate(shas, 1)
    ]


def rollbacks(walked: Walk) -> list[str]:
    return [step.deployment.deployment_id for step in walked.steps if step.is_rollback]


# a, b, c in a row; h branches off at b; m merges h into c.
MERGED = CommitGraph.of({"a": [], "b": ["a"], "c": ["b"], "h": ["b"], "m": ["c", "h"]})


def test_a_deployment_reaches_what_no_earlier_one_did():
    walked = walk(MERGED, deployments("a", "c", "m"))
    assert walked.reached() == {"a": "d1", "b": "d2", "c": "d2", "h": "d3", "m": "d3"}


def test_the_first_deployment_is_the_baseline():
    walked = walk(MERGED, deployments("b", "m"))
    assert [step.is_baseline for step in walked.steps] == [True, False]
    assert walked.reached()["a"] == "d1"


def test_a_merge_brings_both_sides():
    assert walk(MERGED, deployments("b", "m")).reached() == {
        "a": "d1", "b": "d1", "c": "d2", "h": "d2", "m": "d2",
    }  # fmt: skip


def test_a_diverged_branch_is_no_rollback():
    walked = walk(MERGED, deployments("c", "h"))
    assert rollbacks(walked) == []
    assert walked.reached()["h"] == "d2"


def test_back_to_an_ancestor_is_a_rollback_and_reaches_nothing():
    walked = walk(MERGED, deployments("a", "m", "b"))
    assert rollbacks(walked) == ["d3"]
    assert walked.steps[2].rolls_back_previous
    assert "d3" not in walked.reached().values()


def test_a_commit_reached_earlier_but_no_ancestor_of_the_previous_is_no_rollback():
    # c is older than d1's m, but h was deployed in between and does not contain c.
    walked = walk(MERGED, deployments("m", "h", "c"))
    assert rollbacks(walked) == ["d2"]


def test_back_to_a_commit_deployed_before_is_a_rollback_even_from_a_diverged_branch():
    walked = walk(MERGED, deployments("c", "h", "c"))
    assert rollbacks(walked) == ["d3"]
    assert walked.steps[2].rolls_back_previous


def test_forward_again_after_a_rollback_does_not_make_the_rollback_a_failure():
    walked = walk(MERGED, deployments("a", "m", "a", "m"))
    assert rollbacks(walked) == ["d3", "d4"]
    assert [step.rolls_back_previous for step in walked.steps] == [False, False, True, False]


@pytest.mark.parametrize("other", ["h", "elsewhere"])
def test_forward_again_to_a_diverged_commit_is_no_failure_of_the_rollback_either(other):
    walked = walk(MERGED, deployments("c", other, "c", other))
    assert rollbacks(walked) == ["d3", "d4"]
    assert [step.rolls_back_previous for step in walked.steps] == [False, False, True, False]


def test_the_same_commit_again_is_no_rollback():
    walked = walk(MERGED, deployments("a", "m", "m"))
    assert rollbacks(walked) == []
    assert set(walked.reached().values()) == {"d1", "d2"}


def test_two_tags_on_one_commit_ship_it_once_in_the_order_of_their_ids():
    both = [Deployment("tag:v1.1", "c", BEGIN), Deployment("tag:latest", "c", BEGIN)]
    first = Deployment("tag:v1.0", "a", BEGIN - timedelta(hours=1))
    walked = walk(MERGED, [*both, first])
    assert [s.deployment.deployment_id for s in walked.steps] == [
        "tag:v1.0", "tag:latest", "tag:v1.1",
    ]  # fmt: skip
    assert walked.reached()["c"] == "tag:latest"
    assert rollbacks(walked) == []


def test_tags_of_the_same_second_are_taken_ancestors_first():
    graph = CommitGraph.of({"a": [], "b": ["a"], "c": ["b"]})
    # By id alone v10 would come before v9, and v9 would look like a rollback.
    tags = [
        Deployment("v10", "c", BEGIN),
        Deployment("v9", "b", BEGIN),
        Deployment("v8", "a", BEGIN),
    ]
    assert [d.deployment_id for d in in_order(graph, tags)] == ["v8", "v9", "v10"]
    assert rollbacks(walk(graph, tags)) == []


def test_a_history_cut_off_is_walked_as_far_as_it_goes():
    graph = CommitGraph.of({"b": ["gone"], "c": ["b", "gone too"]})
    assert walk(graph, deployments("b", "c")).reached() == {"b": "d1", "c": "d2"}


def test_an_unknown_commit_reaches_itself_only():
    walked = walk(MERGED, deployments("a", "elsewhere", "m"))
    assert [step.is_commit_known for step in walked.steps] == [True, False, True]
    assert walked.reached()["elsewhere"] == "d2"
    assert walked.reached()["m"] == "d3"
    assert rollbacks(walked) == []


def test_a_deployment_without_a_commit_is_tolerated():
    walked = walk(MERGED, deployments("a", None, "m"))
    assert [step.is_commit_known for step in walked.steps] == [True, False, True]
    assert walked.steps[2].previous_deployment_id == "d2"


def test_the_same_commit_after_a_deployment_without_one_is_no_rollback():
    walked = walk(MERGED, deployments("a", None, "a"))
    assert rollbacks(walked) == []


def test_a_deployment_without_a_commit_is_rolled_back_by_none():
    walked = walk(MERGED, deployments("a", "m", None, "a"))
    assert rollbacks(walked) == ["d4"]
    assert not any(step.rolls_back_previous for step in walked.steps)


def test_back_from_a_commit_never_loaded_is_a_rollback():
    walked = walk(MERGED, deployments("a", "elsewhere", "a"))
    assert rollbacks(walked) == ["d3"]
    assert walked.steps[2].rolls_back_previous


def test_unknown_first_deployments_do_not_make_the_next_one_ship_all_history():
    walked = walk(MERGED, deployments("elsewhere", None, "m"))
    assert [step.is_baseline for step in walked.steps] == [True, False, False]
    # Its release point is the time of the last one before, whose commit is not known.
    assert walked.steps[2].released_before == BEGIN + timedelta(hours=2)


def test_no_deployments_no_steps():
    walked = walk(MERGED, [])
    assert walked.steps == []
    assert walked.reached() == {}


def test_no_commits_at_all():
    walked = walk(CommitGraph.of({}), deployments("a", "b"))
    assert walked.reached() == {"a": "d1", "b": "d2"}


def test_a_cycle_which_git_forbids_does_not_hang():
    graph = CommitGraph.of({"a": ["b"], "b": ["a"], "c": ["b"]})
    walked = walk(graph, deployments("c", "a"))
    assert set(walked.reached()) == {"a", "b", "c"}


def test_a_long_straight_history_needs_no_recursion():
    graph = CommitGraph.of({str(n): [str(n - 1)] if n else [] for n in range(200_000)})
    walked = walk(graph, deployments("0", "199999", "100"))
    assert rollbacks(walked) == ["d3"]
    assert walked.reached()["199999"] == "d2"


@st.composite
def stories(draw):
    """A random graph (parents have lower numbers), some parents cut, and deployments of it."""
    size = draw(st.integers(1, 14))
    parents = {
        f"c{node}": [
            f"c{parent}"
            for parent in draw(st.lists(st.integers(0, max(0, node - 1)), max_size=3, unique=True))
            if parent < node
        ]
        for node in range(size)
    }
    shas = draw(st.lists(st.sampled_from([*parents, "unknown", None]), min_size=0, max_size=12))
    hours = draw(st.lists(st.integers(0, 5), min_size=len(shas), max_size=len(shas)))
    its = [
        Deployment(f"d{number:02}", sha, BEGIN + timedelta(hours=hour))
        for number, (sha, hour) in enumerate(zip(shas, hours, strict=True))
    ]
    return parents, its


def ancestors(parents: dict[str, list[str]], sha: str) -> set[str]:
    """The commit and all it reaches, the plain way."""
    found, waiting = set(), [sha]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += [p for p in parents.get(current, []) if p in parents]
    return found


@settings(max_examples=300, deadline=None)
@given(stories())
def test_the_walk_agrees_with_sets_of_ancestors(story):
    parents, its = story
    walked = walk(CommitGraph.of(parents), its)
    ordered = [step.deployment for step in walked.steps]
    assert sorted(ordered, key=lambda d: d.deployment_id) == its
    assert [d.finished_at for d in ordered] == sorted(d.finished_at for d in ordered)

    reached: dict[str, str] = {}
    for position, deployment in enumerate(ordered):
        sha = deployment.commit_sha
        reaches = ancestors(parents, sha) if sha is not None else set()
        for commit in reaches:
            reached.setdefault(commit, deployment.deployment_id)
        step = walked.steps[position]
        assert step.is_commit_known == (sha in parents)
        previous = ordered[position - 1].commit_sha if position else None
        is_older = previous is not None and sha != previous and sha in ancestors(parents, previous)
        before = [d.commit_sha for d in ordered[:position] if d.commit_sha is not None]
        is_back = sha in before and sha != before[-1]
        assert step.is_rollback == (sha is not None and (is_older or is_back))
        if step.is_rollback:
            deployed = [d.commit_sha for d in ordered[:position]]
            was_first = is_back and deployed.index(sha) < deployed.index(previous)
            assert step.rolls_back_previous == (
                is_older or (previous is not None and previous not in reaches and was_first)
            )
        # Of one instant, none comes before a commit of its own history.
        for later in ordered[position + 1 :]:
            if later.finished_at == deployment.finished_at and later.commit_sha not in (None, sha):
                assert later.commit_sha not in reaches
    assert walked.reached() == reached


@settings(max_examples=200, deadline=None)
@given(stories())
def test_descendants_agree_with_sets_of_ancestors(story):
    parents, _ = story
    graph = CommitGraph.of(parents)
    names = list(parents)
    answers = graph.descendants(range(len(names)))
    for node, name in enumerate(names):
        expected = {n for n, d in enumerate(names) if d != name and name in ancestors(parents, d)}
        assert answers[node] == expected


def test_walks_of_one_repository_are_kept_apart_by_service_and_environment():
    commits = pa.table(
        {
            "sha": ["a", "b"],
            "parent_shas": pa.array([None, ["a"]], pa.list_(pa.string())),
        }
    )
    table = pa.Table.from_pylist(
        [
            {
                "deployment_id": f"{service}-{environment}-{sha}",
                "service_id": service,
                "environment": environment,
                "commit_sha": sha,
                "finished_at": BEGIN + timedelta(hours=hour),
            }
            for service in ("one", "two")
            for environment in ("eu", "us")
            for hour, sha in enumerate("ab")
        ]
    )
    rows = walk_repository((pa.scalar("R"),), commits, table).to_pylist()
    reached = {
        (r["service_id"], r["environment"], r["sha"]): r["deployment_id"]
        for r in rows
        if not r["is_step"]
    }
    assert reached == {
        (service, environment, sha): f"{service}-{environment}-{sha}"
        for service in ("one", "two")
        for environment in ("eu", "us")
        for sha in "ab"
    }
    assert all(r["is_own_commit"] for r in rows)
    assert sum(r["is_step"] for r in rows) == 8


def test_a_repository_without_deployments_gives_no_rows():
    empty = pa.table({"sha": pa.array([], pa.string())})
    assert walk_repository((pa.scalar("R"),), empty, empty).num_rows == 0


@pytest.mark.parametrize("parents", [None, []])
def test_a_root_may_have_no_list_or_an_empty_one(parents):
    graph = CommitGraph(pa.array(["a"]), pa.array([parents], pa.list_(pa.string())))
    assert graph.parents(0) == []
