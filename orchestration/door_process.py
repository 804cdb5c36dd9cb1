"""The checks at the doors in a process of their own, which serves all doors of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration import ahead

if TYPE_CHECKING:
    from quality.claims import CheckOutcome, Door

_serving: dict[str, ahead.Started] = {}


def start_ahead(run_id: str, url: str) -> None:
    """Imports Great Expectations, which takes seconds, while the loads wait for their APIs.

    `url`: the warehouse as the role inspector.
    """
    if run_id not in _serving:
        _serving[run_id] = ahead.start("quality", ["serve"], {"SEI_QUALITY_URL": url}, answers=True)


def outcomes(run_id: str, door: Door, url: str) -> list[CheckOutcome]:
    """The outcomes of a door's checks, of quality.checkpoint.run; raises QualityError.

    Without a process that was started ahead, this one runs them.
    """
    from quality.checkpoint import QualityError, run
    from quality.claims import CheckOutcome

    serving = _serving.get(run_id)
    answer = serving.ask({"door": door, "run_id": run_id}) if serving else None
    if answer is None:
        discard(run_id)
        return run(door, url, run_id)
    if "error" in answer:
        raise QualityError(answer["error"])
    return [CheckOutcome(**outcome) for outcome in answer["outcomes"]]


def discard(run_id: str) -> None:
    """Ends the process of a run."""
    if serving := _serving.pop(run_id, None):
        serving.end()
