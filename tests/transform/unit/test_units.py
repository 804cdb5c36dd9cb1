"""What belongs together, and when it has changed."""

from __future__ import annotations

from transform.units import REPOSITORY, SERVICE, units_of


def repository(name):
    return (REPOSITORY, name)


def service(name):
    return (SERVICE, name)


TIES = [
    (repository("a"), service("one")),
    (repository("b"), service("one")),
    (repository("c"), service("two")),
]
PRINTS = {
    repository("a"): [("fct_commits", 1, 10, 20)],
    repository("b"): [("fct_commits", 1, 11, 21), ("fct_deployments", 1, 1, 1)],
    repository("alone"): [("fct_commits", 2, 3, 4)],
}


def by_nodes(units):
    return {unit.nodes: unit.fingerprint for unit in units}


def test_ties_make_units_and_what_is_tied_to_nothing_is_one():
    assert set(by_nodes(units_of(TIES, PRINTS, ""))) == {
        frozenset({repository("a"), repository("b"), service("one")}),
        frozenset({repository("c"), service("two")}),
        frozenset({repository("alone")}),
    }


def test_order_changes_no_fingerprint():
    turned = {node: list(reversed(prints)) for node, prints in reversed(PRINTS.items())}
    assert by_nodes(units_of(TIES[::-1], turned, "")) == by_nodes(units_of(TIES, PRINTS, ""))


def test_a_fact_changes_its_unit_only():
    changed = {**PRINTS, repository("b"): [("fct_commits", 1, 11, 22)]}
    before, after = by_nodes(units_of(TIES, PRINTS, "")), by_nodes(units_of(TIES, changed, ""))
    assert {nodes for nodes in before if before[nodes] != after[nodes]} == {
        frozenset({repository("a"), repository("b"), service("one")})
    }


def test_terms_change_every_unit():
    before, after = units_of(TIES, PRINTS, "1"), units_of(TIES, PRINTS, "2")
    assert not {u.fingerprint for u in before} & {u.fingerprint for u in after}


def test_a_new_tie_changes_both_it_joins():
    joined = [*TIES, (repository("c"), service("one"))]
    kept = {u.fingerprint for u in units_of(TIES, PRINTS, "")} & {
        u.fingerprint for u in units_of(joined, PRINTS, "")
    }
    assert len(kept) == 1
