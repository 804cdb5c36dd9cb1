"""metrics.linkage_coverage in words: what could not be linked, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from transform.coverage_reasons import BY_NAME, REASONS, Reason

_PLURALS = {
    "pull_request": "pull requests",
    "commit": "direct pushes",
    "deployment": "deployments",
    "incident": "incidents",
    "service": "services",
}
_COUNTED_IN_FULL = ("pull_request", "commit", "incident")


def counted(number: int, plural: str) -> str:
    """1 change, 2 changes."""
    if number != 1:
        return f"{number} {plural}"
    head, _, tail = plural.partition(" of ")
    one = head[:-2] if head.endswith("shes") else head.removesuffix("s")
    return f"1 {one}{' of ' + tail if tail else ''}"


def gaps(coverage: Mapping[str, int]) -> list[str]:
    """A line for each kind of thing that is not all linked: 12 of 240 pull requests (7 not …),
    or services: 3 without …, where only what is missing is counted.

    `coverage`: reason → rows.
    """
    lines = []
    for about, plural in _PLURALS.items():
        found = [reason for reason in _gap_reasons(coverage) if reason.about == about]
        if not found:
            continue
        found.sort(key=lambda reason: -coverage[reason.name])
        why = ", ".join(f"{coverage[reason.name]} {reason.brief}" for reason in found)
        if about in _COUNTED_IN_FULL:
            missing = sum(coverage[reason.name] for reason in found)
            whole = sum(coverage.get(r.name, 0) for r in REASONS if r.about == about)
            lines.append(f"{missing} of {counted(whole, plural)} ({why})")
        else:
            lines.append(f"{plural}: {why}")
    return lines


def advice(coverage: Mapping[str, int]) -> list[tuple[str, str]]:
    """(what is missing, what to do) of every gap in it."""
    return [
        (f"{_PLURALS[reason.about]} {reason.brief}", reason.advice)
        for reason in _gap_reasons(coverage)
    ]


def gap_count(coverage: Mapping[str, int]) -> int:
    """How many rows could not be linked or told."""
    return sum(coverage[reason.name] for reason in _gap_reasons(coverage))


def described(reason: str) -> Reason | None:
    """What is known of the reason; None if another version wrote it."""
    return BY_NAME.get(reason)


def _gap_reasons(coverage: Mapping[str, int]) -> list[Reason]:
    return [reason for reason in REASONS if reason.is_gap and coverage.get(reason.name)]
