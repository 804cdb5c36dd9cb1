"""What several collectors made of the same server, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

HEADS = ["", "requests", "that count", "points", "faults met", "seconds", "rows", "rows/s"]


@dataclass
class Run:
    """One collector's run; rows by our name of the entity."""

    tool: str
    seconds: float
    rows: Counter[str]
    requests: int = 0
    counted: int = 0
    """REST requests that count against the quota; GraphQL's cost points."""
    points: int = 0
    faults: int = 0
    late_seconds: float = 0.0
    """What the server took longer than it should, over all requests."""
    error: str = ""

    def rows_of(self, entities: Sequence[str]) -> int:
        """How many rows of these entities there are."""
        return sum(self.rows[one] for one in entities)


@dataclass
class Scenario:
    """Runs on the same server; ours is the first."""

    runs: list[Run] = field(default_factory=list)

    def lines(self, entities: Sequence[str]) -> list[list[object]]:
        """A line for each run: what it took, and how many times as much as ours."""
        return [
            [*_figures(run, run.rows_of(entities)), *self._ratios(run, entities)]
            for run in self.runs
        ]

    def _ratios(self, run: Run, entities: Sequence[str]) -> list[object]:
        """Its requests and seconds as multiples of ours, and our rows/s as a multiple of its, of
        the entities that it loads at all."""
        ours = self.runs[0]
        both = [one for one in entities if run.rows[one]]
        ours_a_second = ours.rows_of(both) / ours.seconds
        its_a_second = run.rows_of(both) / run.seconds
        return [
            _times(run.requests, ours.requests),
            _times(run.seconds, ours.seconds),
            _times(ours_a_second, its_a_second),
        ]


def lost(before: Run, after: Run) -> int:
    """Rows that a run has not although another one of the same tool has them."""
    return sum((before.rows - after.rows).values())


def fault_lines(quiet: Scenario, spoiled: Scenario) -> list[list[object]]:
    """A line for each tool: how it came through the faults."""
    return [
        [
            after.tool,
            after.requests,
            after.faults,
            f"{after.seconds:.1f}",
            f"{lost(before, after):,} of {before.rows.total():,}",
            after.error or "no",
        ]
        for before, after in zip(quiet.runs, spoiled.runs, strict=True)
    ]


def entity_lines(scenario: Scenario, entities: Sequence[str]) -> list[list[object]]:
    """A line for each entity: rows by tool."""
    return [[one, *(f"{run.rows[one]:,}" for run in scenario.runs)] for one in entities]


def _figures(run: Run, rows: int) -> list[object]:
    return [
        run.tool,
        f"{run.requests:,}",
        f"{run.counted:,}",
        f"{run.points:,}",
        run.faults,
        f"{run.seconds:.1f}",
        f"{rows:,}",
        f"{rows / run.seconds:,.0f}",
    ]


def _times(one: float, other: float) -> str:
    return f"{one / other:.1f} ×" if other else "–"
