"""How fast rows are loaded: from memory, as the sources hand them over, through Arrow and dlt into
PostgreSQL; first into empty tables, then the same rows again."""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
from homes import fresh_home, warehouse_url
from measure import machine, table
from pydantic import SecretStr

from ingestion.contracts import GITHUB, Table
from ingestion.github.limits import GithubLimits
from ingestion.http import ApiClient, StaticToken, SystemClock
from ingestion.loading import Collector, ConnectionReader, Outcome, Span, run, table_resources
from ingestion.loading.batches import Batch, Row

# Rows of each table for one pull request, as in a first sync of the demo company.
MIX = {
    "pull_requests": 1,
    "pull_request_commits": 3,
    "pull_request_events": 4,
    "pull_request_reviews": 2,
    "pull_request_review_comments": 2,
    "issue_comments": 2,
    "commits": 4,
    "workflow_runs": 3,
    "workflow_jobs": 6,
}
PULL_REQUESTS = 50
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Unit:
    """A repository made of rows from memory."""

    id: str

    @property
    def full_name(self) -> str:
        """What messages call it."""
        return f"acme/{self.id}"


def _never_asked() -> ApiClient:
    nobody = [StaticToken(SecretStr("none"), "nobody")]
    clock = SystemClock()
    return ApiClient("http://127.0.0.1", nobody, GithubLimits(), name="-", clock=clock, headers={})


class Feed(ConnectionReader[Unit]):
    """Hands rows over as a source does, without asking anybody."""

    tables = GITHUB
    syncs_table = "repository_syncs"

    def __init__(self, units: int, *, is_ready: bool = False) -> None:
        """`is_ready`: all rows are made beforehand, so that making them takes no time."""
        super().__init__("feed", NOW, concurrency=2, since=NOW - timedelta(days=90))
        self._number = units
        self._api = _never_asked()
        self._made: dict[str, list[tuple[str, list[Row]]]] = {}
        if is_ready:
            self._made = {f"r{n}": list(_rows(Unit(f"r{n}"))) for n in range(units)}

    @property
    def api(self) -> ApiClient:
        """A client that is never asked."""
        return self._api

    def begin(self, state: MutableMapping[str, Any]) -> Generator[Batch, None, Sequence[Unit]]:
        """Returns the units."""
        yield from ()
        return [Unit(f"r{number}") for number in range(self._number)]

    def attempt(self, name: str, unit_id: str | None) -> Row:
        """The key columns of a row of repository_syncs."""
        return {"repository_full_name": name, "repository_id": unit_id}

    def read_unit(
        self, unit: Unit, state: dict[str, Any], emit: Callable[[Batch], None], span: Span
    ) -> tuple[Outcome[Unit], Collector]:
        """Hands over the rows of some pull requests."""
        reading = self.collector(emit)
        for name, found in self._made.get(unit.id) or _rows(unit):
            reading.put(name, found)
        reading.flush()
        state = {"since": span.since.isoformat()}
        return Outcome(unit, state, "succeeded"), reading


def _rows(unit: Unit) -> Iterator[tuple[str, list[Row]]]:
    """Tables with rows for them, pull request by pull request."""
    for number in range(PULL_REQUESTS):
        for name, count in MIX.items():
            yield name, [_row(GITHUB[name], unit, number * count + n) for n in range(count)]


def _row(table_: Table, unit: Unit, number: int) -> Row:
    return {column.name: _value(column, unit, number) for column in table_.columns}


def _value(column: Any, unit: Unit, number: int) -> Any:
    match column.data_type:
        case "bigint":
            # Ids of runs are numbers; a repository's are apart from those of the others.
            return int(unit.id[1:]) * 1_000_000 + number
        case "double":
            return number / 7
        case "bool":
            return number % 2 == 0
        case "timestamp":
            return NOW - timedelta(minutes=number)
        case "json":
            return [f"label-{number % 7}", "and another, with »quotes« and, commas"]
    return f"{column.name} of {unit.id}, number {number}"


def feed(url: str, home: Path, reader: Feed) -> tuple[int, float]:
    """Rows that went from memory into the warehouse, and the seconds it took."""

    @dlt.source(name="github", max_table_nesting=0)
    def source() -> Any:
        return table_resources("github", GITHUB, lambda: reader)

    result = run(
        "github", "feed", GITHUB, url, lambda: reader, lambda _: source(), synced_at=NOW,
        pipelines_dir=home / "dlt",
    )  # fmt: skip
    return sum(result.row_counts.values()), result.seconds


def measure_rows(arguments: argparse.Namespace) -> Iterator[list[object]]:
    """A line for each repetition: the first meets an empty warehouse, the others merge."""
    with fresh_home() as environ:
        url, home = warehouse_url(environ, "loader"), Path(environ["SEI_HOME"])
        for number in range(arguments.repeat):
            reader = Feed(arguments.pull_requests // PULL_REQUESTS, is_ready=True)
            profile = cProfile.Profile() if arguments.profile else None
            before = os.times()
            if profile is not None:
                profile.enable()
            rows, seconds = feed(url, home, reader)
            if profile is not None:
                profile.disable()
                pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(45)
            after = os.times()
            cpu = after.user + after.system - before.user - before.system
            name = "into empty tables" if number == 0 else "the same rows again"
            yield [name, rows, f"{seconds:.1f}", f"{cpu:.1f}", f"{rows / seconds:,.0f}"]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pull-requests", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--profile", action="store_true", help="of the main thread, to stderr")
    arguments = parser.parse_args()
    print(machine())
    heads = ["", "rows", "seconds", "CPU seconds of the loader", "rows/s"]
    print(table(heads, list(measure_rows(arguments))))


if __name__ == "__main__":
    main()
