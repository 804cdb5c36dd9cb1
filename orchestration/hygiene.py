"""What grows with every run and is cut back: Dagster's runs, their output, and logs."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

_ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
# The latest runs stay whatever their age: they are what is known of assets that stand still.
_ALWAYS_KEPT = 20
# Not all at once in the first refresh after years; the next ones go on.
_MOST_REMOVED = 500
LARGEST_LOG = 20_000_000


def remove_runs(instance: DagsterInstance, before: datetime) -> list[str]:
    """Ids of the ended runs that were removed with their events, oldest first."""
    kept = {record.dagster_run.run_id for record in instance.get_run_records(limit=_ALWAYS_KEPT)}
    old = instance.get_run_records(
        RunsFilter(statuses=_ENDED, created_before=before), limit=_MOST_REMOVED, ascending=True
    )
    removed = [r.dagster_run.run_id for r in old if r.dagster_run.run_id not in kept]
    for run_id in removed:
        instance.delete_run(run_id)
    return removed


def remove_outputs(dagster_folder: Path, before: datetime, known: Collection[str] = ()) -> int:
    """How many folders of runs' output were removed: those not written to since, unless `known`."""
    folders = [
        folder
        for folder in (dagster_folder / "storage").glob("*-*-*-*-*")
        if folder.name not in known and folder.stat().st_mtime < before.timestamp()
    ]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return len(folders)


def cut_logs(folder: Path, largest: int = LARGEST_LOG) -> list[str]:
    """Names of the logs that had become too large: their second half stays as `<name>.1`.

    Emptied and not renamed, since the processes that write them keep them open (for appending).
    """
    cut = []
    for log in sorted((*folder.glob("*.log"), *folder.glob("*.jsonl"))):
        size = log.stat().st_size
        if size <= largest:
            continue
        with log.open("rb") as file:
            file.seek(size - largest // 2)
            file.readline()
            rest = file.read()
        log.with_name(f"{log.name}.1").write_bytes(rest)
        with log.open("r+b") as file:
            file.truncate(0)
        cut.append(log.name)
    return cut
