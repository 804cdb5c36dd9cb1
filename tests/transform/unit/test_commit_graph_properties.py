"""The walk over any commit graph equals what sets of ancestors say (tests/independent)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.independent.reckoner_facts import Facts
from tests.independent.reckoner_outcomes import goes_back, is_to_older
from tests.independent.reckoner_shipping import Places, ship
from transform.commit_graph import CommitGraph, Deployment, in_order, walk
from transform.schemas import INPUTS

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LINE = ("S", "production", "R")


@st.composite
def lines(draw: st.DrawFn) -> tuple[dict[str, list[str]], list[Deployment]]:
    """A graph of merges, octopuses, roots and lost parents, and a line of deployments of it."""
    random = Random(draw(st.integers(0, 2**32)))
    size = draw(st.integers(0, 14))
    parents: dict[str, list[str]] = {}
    for number in range(size):
        known = [*parents][-random.randint(1, 6) :]
        several = min(len(known), random.choice((0, 1, 1, 1, 1, 2, 2, 3)))
        its = random.sample(known, several)
        parents[f"c{number:02}"] = its if random.random() < 0.95 else [*its, "lost"]
    targets: list[str | None] = [*parents, *parents, *parents, None, "lost", "gone"]
    count = draw(st.integers(0, 9))
    numbers = random.sample(range(10, 10 + count), count)
    return parents, [
        Deployment(
            f"d{number}",
            random.choice(targets),
            BEGIN + timedelta(hours=random.randint(0, count // 2)),
        )
        for number in numbers
    ]


def facts(parents: dict[str, list[str]], deployments: list[Deployment]) -> Facts:
    """The same for the naive computation."""
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in INPUTS}
    tables["dim_metric_settings"] = [{"baseline_window_hours": 0.0}]
    tables["fct_commits"] = [
        {
            "repository_id": "R", "sha": sha, "parent_shas": its, "is_on_default_branch": False,
            "pull_request_id": None, "committed_at": BEGIN, "author_id": None,
        }
        for sha, its in parents.items()
    ]  # fmt: skip
    tables["fct_deployments"] = [
        {
            "deployment_id": d.deployment_id, "repository_id": "R", "service_id": "S",
            "environment": "production", "environment_tier": "production", "status": "success",
            "commit_sha": d.commit_sha, "started_at": None, "finished_at": d.finished_at,
        }
        for d in deployments
    ]  # fmt: skip
    return Facts(tables, BEGIN + timedelta(days=9))


@settings(max_examples=80, deadline=None)
@given(lines())
def test_a_walk_tells_what_sets_of_ancestors_tell(line):
    parents, deployments = line
    naive = facts(parents, deployments)
    told = ship(naive, Places(naive))
    ordered = told.lines.get(LINE, [])
    names = [d["deployment_id"] for d in ordered]
    graph = CommitGraph.of(parents)
    assert [d.deployment_id for d in in_order(graph, deployments)] == names

    walked = walk(graph, deployments)
    assert walked.reached() == {sha: name for name in names for sha in told.fresh[name]}
    for place, (step, name) in enumerate(zip(walked.steps, names, strict=True)):
        assert step.deployment.deployment_id == name
        assert step.previous_deployment_id == (names[place - 1] if place else None)
        assert step.is_commit_known == (step.deployment.commit_sha in parents)
        assert step.is_baseline == (name in told.baselines)
        assert step.released_before == told.since.get(name)
        back = goes_back(naive, ordered, place)
        assert step.is_rollback == back
        assert step.rolls_back_previous == (back and is_to_older(naive, ordered, place - 1))


@settings(max_examples=60, deadline=None)
@given(lines())
def test_who_descends_from_whom_is_what_sets_of_ancestors_tell(line):
    parents, _ = line
    naive = facts(parents, [])
    graph = CommitGraph.of(parents)
    shas = [*parents]
    descendants = graph.descendants(range(len(shas)))
    assert {shas[node]: {shas[n] for n in found} for node, found in descendants.items()} == {
        sha: {other for other in shas if naive.is_older("R", sha, other)} for sha in shas
    }
