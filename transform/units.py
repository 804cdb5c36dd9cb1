"""What can be computed by itself: repositories and services that nothing ties to others.

A service of several repositories, a repository of several services, an incident that names
something elsewhere, a revert of another repository's change: each ties what it touches into one
unit. Nothing in one unit can change a row of another's in the tables that units are computed for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

REPOSITORY, SERVICE = "repository", "service"

Node = tuple[str, str]
Print = tuple[str, int, int, int]


@dataclass(frozen=True)
class Unit:
    """Nodes (repository or service, id) that belong together, and what their facts come to."""

    nodes: frozenset[Node]
    fingerprint: str
    row_count: int

    def ids(self, kind: str) -> set[str]:
        """The ids of its repositories or services."""
        return {name for its, name in self.nodes if its == kind}


def units_of(
    ties: Iterable[tuple[Node, Node]], prints: Mapping[Node, Iterable[Print]], terms: str
) -> list[Unit]:
    """The units of all nodes of `ties` and `prints`.

    `prints`: per node and table the rows' number and two sums over their hashes. `terms`: what the
    rows of every unit hang on besides facts.
    """
    groups: dict[Node, list[Node]] = {}
    for node, root in _roots(ties, prints).items():
        groups.setdefault(root, []).append(node)
    return [
        Unit(
            frozenset(nodes),
            _fingerprint(sorted(nodes), prints, terms),
            sum(count for node in nodes for _, count, *_ in prints.get(node, ())),
        )
        for nodes in groups.values()
    ]


def _roots(ties: Iterable[tuple[Node, Node]], nodes: Iterable[Node]) -> dict[Node, Node]:
    """Each node with one that stands for all that it is tied to."""
    above: dict[Node, Node] = {node: node for node in nodes}

    def top(node: Node) -> Node:
        above.setdefault(node, node)
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for one, other in ties:
        above[top(one)] = top(other)
    return {node: top(node) for node in list(above)}


def _fingerprint(nodes: list[Node], prints: Mapping[Node, Iterable[Print]], terms: str) -> str:
    told = [terms, *(repr((node, sorted(prints.get(node, ())))) for node in nodes)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
