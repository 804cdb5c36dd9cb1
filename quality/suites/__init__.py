"""The declared checks of each door. Importing this costs nothing: no engine, no network."""

from __future__ import annotations

from typing import get_args

from quality.claims import CheckSpec, Door
from quality.suites import marts, metrics, raw

DOORS: tuple[Door, ...] = get_args(Door)

_CHECKS: dict[str, list[CheckSpec]] = {
    "raw": raw.CHECKS,
    "marts": marts.CHECKS,
    "metrics": metrics.CHECKS,
}


def check_specs(door: Door) -> list[CheckSpec]:
    """The checks at one door, each (table, name) once; unknown doors raise ValueError."""
    if door not in _CHECKS:
        raise ValueError(f"no door {door!r}; there are {', '.join(DOORS)}")
    return list(_CHECKS[door])


def slices(door: Door) -> dict[str, str]:
    """Per table of the door, SQL for the row counts (slice, row_count) to remember besides its
    own; empty for most."""
    return dict(metrics.SLICES) if door == "metrics" else {}
