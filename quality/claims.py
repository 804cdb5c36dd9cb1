"""What a check is: a claim about one table, who is warned and what is stopped when it fails.

Plain data without great_expectations, whose import takes seconds: the orchestrator lists the
checks every time it loads its definitions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Door: TypeAlias = Literal["raw", "marts", "metrics"]
Severity: TypeAlias = Literal["warn", "error"]


@dataclass(frozen=True)
class Rows:
    """No row contradicts the claim.

    `sql` selects the keys (only keys: they are kept as samples) of the rows that contradict it,
    from `this`, the checked table, joined to any other by its full name. `tolerated` is the share
    of the table's rows that may: clocks of real life are wrong now and then. `is_about_rows`:
    while the table, and those of `also`, are empty, nothing can contradict it and nobody need ask.
    """

    sql: str
    tolerated: float = 0.0
    is_about_rows: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Values:
    """A column holds these values and no others (null is none)."""

    column: str
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class RowCount:
    """The table has at least this share of the rows it had in the last accepted run."""

    keeps: float


Claim: TypeAlias = Rows | Values | RowCount


@dataclass(frozen=True)
class CheckSpec:
    """One check; `name` is unique within its `table` ("schema.table").

    `blocking`: the numbers would be wrong if the work went on. Severity `warn` never blocks.
    """

    name: str
    table: str
    claim: Claim
    description: str
    severity: Severity = "error"
    blocking: bool = False

    def __post_init__(self) -> None:
        if self.blocking and self.severity != "error":
            raise ValueError(f"{self.table}: {self.name} blocks, so its severity must be error")


@dataclass(frozen=True)
class CheckOutcome:
    """What came of one check; `metadata` holds only counts, keys and JSON scalars."""

    check: str
    table: str
    passed: bool
    severity: Severity
    blocking: bool
    description: str
    metadata: dict[str, Any] = field(default_factory=dict)


def broken(keys: str, condition: str) -> str:
    """SQL for the keys of the rows of `this` for which the condition holds."""
    return f"select {keys} from this where {condition}"


def volume_checks(
    table: str, *, half_is_blocking: bool = True, keeps: float = 0.98
) -> list[CheckSpec]:
    """The two checks against the row count of the last accepted run: half is lost, some are."""
    return [
        CheckSpec(
            "keeps_at_least_half_of_its_rows",
            table,
            RowCount(0.5),
            "The table has at least half the rows of the last accepted run. A page that came back "
            "empty looks like success; if the drop is meant, say `python -m quality accept`.",
            blocking=half_is_blocking,
        ),
        CheckSpec(
            "has_not_lost_rows",
            table,
            RowCount(keeps),
            f"The table has at least {keeps:.0%} of the rows of the last accepted run.",
            severity="warn",
        ),
    ]
