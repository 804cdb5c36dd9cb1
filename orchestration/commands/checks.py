"""`sei checks`: the checks at the doors by hand, their pages, and a drop that was meant."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.accepting import accept_drift
from orchestration.commands import RunFailedError
from orchestration.homes import shown_home


def checks(doors: Sequence[str], docs: bool, accept: bool, demo: bool) -> None:
    """Runs, documents or accepts; raises RunFailedError when something that blocks failed."""
    from quality.__main__ import main

    home = shown_home(demo=demo)
    warehouse = home.open_warehouse()
    if accept and "raw" in doors:
        accept_drift(warehouse.url("loader"))
    environ = {
        "SEI_QUALITY_URL": warehouse.url("inspector"),
        "SEI_HOME": str(home.folder),
    }
    command = "accept" if accept else "docs" if docs else "run"
    options = [word for door in doors for word in ("--door", door)]
    if main([command, *options], environ):
        raise RunFailedError("the checks did not pass; docs/operations.md says what to do")
