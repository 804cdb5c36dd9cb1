"""`sei backfill`: older history for everything, then one refresh of models and metrics."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from orchestration.commands import UsageProblem
from orchestration.commands.run import check_settings, refresh
from orchestration.homes import demo_home, own_home


def backfill(since: str, sources: Sequence[str], demo: bool) -> None:
    """Reads the history back to a day (YYYY-MM-DD); raises when it is none, settings are wrong or
    the run fails. What was read before a failure is kept: the next one goes on from there."""
    from ingestion.settings import load_settings

    day = day_of(since, datetime.now(UTC).date())
    home = demo_home() if demo else own_home()
    check_settings(home, sources)
    begins = load_settings(home.config, home.environ).history.since
    config = {"since": day.isoformat(), "sources": list(sources)}
    refresh(home, home.open_warehouse(), config, job="backfill")
    if begins is not None and begins > day:
        print(
            f"metrics begin at history.since, {begins}: set it to {day} in sei.toml for those of "
            "the time before",
            file=sys.stderr,
        )


def day_of(text: str, today: date) -> date:
    """The day that the option names. Raises UsageProblem when it is none, or not in the past."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f'--since: "{text}" is no day like 2025-01-31') from None
    if day >= today:
        raise UsageProblem(f"--since: {day} is not in the past")
    return day
