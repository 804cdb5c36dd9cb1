"""Worlds: many histories of one organization, with settings, and the images of a world."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.independent.histories import Frame, History
from tests.independent.reckoner_facts import Row
from tests.independent.reckoner_periods import local_date
from transform.schemas import INPUTS

ORGANIZATION = "organization:all"
_SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "dora_bands.csv"


@dataclass(frozen=True)
class World:
    """What histories are packed into: when, where, how it is counted; `tables` are its rows."""

    as_of: datetime
    timezone: str = "UTC"
    week_starts_on: str = "monday"
    settings: dict[str, Any] = field(default_factory=dict)
    long: bool = False

    def row(self) -> Row:
        """The row of dim_metric_settings."""
        return {
            "organization_id": ORGANIZATION,
            "timezone": self.timezone,
            "week_starts_on": self.week_starts_on,
            "history_since": self.as_of - timedelta(days=400),
            "incident_link_window_hours": 168.0,
            "baseline_window_hours": 0.0,
            "revert_counts_as_failure": True,
            "minimum_sample": 3,
            "exclude_bots": False,
            "bands_year": 2024,
            **self.settings,
        }

    def frame(self) -> Frame:
        """What the histories have to know of it."""
        zone = ZoneInfo(self.timezone)
        day = local_date(self.as_of, zone)
        midnights = tuple(
            datetime.combine(day - timedelta(days=back), time(), zone).astimezone(UTC)
            for back in range(4)
        )
        window = self.row()["incident_link_window_hours"]
        return Frame(self.as_of, midnights, window, self.long)

    def history(self, seed: int, number: int) -> History:
        """One history of this world."""
        return History(seed, f"c1:h{number:05}", self.frame())

    def tables(self, histories: Iterable[History]) -> dict[str, list[Row]]:
        """The rows of all inputs."""
        packed: dict[str, list[Row]] = {name: [] for name in INPUTS}
        for history in histories:
            for name, rows in history.tables.items():
                packed[name] += rows
        packed["dim_organizations"] = [{"organization_id": ORGANIZATION, "name": "all"}]
        packed["dim_metric_settings"] = [self.row()]
        packed["dora_bands"] = bands()
        return packed


def bands() -> list[Row]:
    """The rows of the seed of bands."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    with _SEED.open(encoding="utf-8") as lines:
        return [
            {
                "year": int(row["year"]),
                "metric": row["metric"],
                "band": row["band"],
                "from_value": number(row["from_value"]),
                "to_value": number(row["to_value"]),
                "from_inclusive": row["from_inclusive"] == "true",
                "to_inclusive": row["to_inclusive"] == "true",
            }
            for row in csv.DictReader(lines)
        ]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# Each with something odd in its zone shortly before, or at an odd moment.
WORLDS: dict[str, World] = {
    "Kathmandu": World(_at("2026-03-12T12:00:00+00:00"), "Asia/Kathmandu", "sunday"),
    # The day before had 23 hours; long histories.
    "New York": World(
        _at("2026-03-09T23:30:00-04:00"), "America/New_York", "sunday",
        {"incident_link_window_hours": 24.0, "baseline_window_hours": 12.0, "bands_year": 2023},
        long=True,
    ),
    # Half an hour of daylight saving, which ended that night.
    "Lord Howe": World(
        _at("2026-04-05T13:00:00+10:30"), "Australia/Lord_Howe", "saturday",
        {"incident_link_window_hours": None, "revert_counts_as_failure": False,
         "exclude_bots": True, "bands_year": 2021},
    ),
    # There was no 30th of December; midnight sharp.
    "Apia": World(
        _at("2012-01-02T00:00:00+14:00"), "Pacific/Apia", "wednesday",
        {"minimum_sample": 1, "bands_year": 2019, "baseline_window_hours": 48.0},
    ),
    # Its midnight of the fourth was one o'clock; the history begins the day before.
    "Sao Paulo": World(
        _at("2018-11-05T09:00:00-02:00"), "America/Sao_Paulo", "thursday",
        {"history_since": _at("2018-11-03T15:00:00-03:00"), "minimum_sample": 2,
         "bands_year": 2025, "incident_link_window_hours": 0.5},
    ),
    # A day of 25 hours; the first morning of a month and of a quarter's second.
    "Berlin": World(
        _at("2025-11-01T00:30:00+01:00"), "Europe/Berlin", "monday", {"minimum_sample": 0},
        long=True,
    ),
}  # fmt: skip


def shuffled(tables: dict[str, list[Row]], seed: int) -> dict[str, list[Row]]:
    """The same rows as they might have arrived."""
    random = Random(seed)
    return {name: random.sample(rows, len(rows)) for name, rows in tables.items()}


def _mapped(tables: dict[str, list[Row]], change: Callable[[Any], Any]) -> dict[str, list[Row]]:
    def value(one: Any) -> Any:
        return [change(part) for part in one] if isinstance(one, list) else change(one)

    return {
        name: rows
        if name == "dora_bands"
        else [{column: value(one) for column, one in row.items()} for row in rows]
        for name, rows in tables.items()
    }


def shifted(tables: dict[str, list[Row]], by: timedelta) -> dict[str, list[Row]]:
    """The same, some time later."""
    return _mapped(tables, lambda one: one + by if isinstance(one, date) else one)


def split_id(one: Any) -> Any:
    """The id of the same thing where all but a company's first repository is of a connection c2."""
    if isinstance(one, str) and one.startswith("c1:h") and ":r" in one and ":r0" not in one:
        return f"c2{one[2:]}"
    return one


def over_two_connections(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The same company, its repositories divided among two connections."""
    return _mapped(tables, split_id)
