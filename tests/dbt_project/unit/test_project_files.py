"""What the project's files promise, read without dbt and without a database."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[3] / "dbt_project"
MARTS = sorted((PROJECT / "models" / "marts").rglob("*.sql"))
FACTS = [path for path in MARTS if path.stem.startswith("fct_")]


def documented() -> dict[str, dict[str, str]]:
    """The descriptions of every model's and seed's columns, by name."""
    found = {}
    for path in PROJECT.rglob("*.yml"):
        content = yaml.safe_load(path.read_text()) or {}
        for kind in ("models", "seeds"):
            entries = content.get(kind, [])
            for entry in entries if isinstance(entries, list) else []:
                columns = entry.get("columns", [])
                found[entry["name"]] = {
                    "": entry.get("description", ""),
                    **{column["name"]: column.get("description", "") for column in columns},
                }
    return found


def test_every_model_is_described() -> None:
    files = {path.stem for path in (PROJECT / "models").rglob("*.sql")}
    files |= {path.stem for path in (PROJECT / "seeds").glob("*.csv")}
    assert files == set(documented())


def test_no_description_is_empty() -> None:
    empty = [
        f"{model}.{column}"
        for model, columns in documented().items()
        for column, description in columns.items()
        if not description.strip()
    ]
    assert empty == []


@pytest.mark.parametrize("path", FACTS, ids=lambda path: path.stem)
def test_a_fact_does_not_depend_on_the_time_of_the_run(path: Path) -> None:
    assert not re.search(r"\b(current_timestamp|current_date|now\(\)|localtime)", path.read_text())


def test_only_staging_reads_sources() -> None:
    readers = [
        path.stem
        for path in (PROJECT / "models").rglob("*.sql")
        if "source(" in path.read_text() and not path.stem.startswith("stg_")
    ]
    assert readers == []


def bands() -> dict[tuple[str, str], list[dict[str, str]]]:
    """The bands of dora_bands by year and metric."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with (PROJECT / "seeds" / "dora_bands.csv").open() as file:
        for row in csv.DictReader(file):
            found.setdefault((row["year"], row["metric"]), []).append(row)
    return found


def holds(band: dict[str, str], value: float) -> bool:
    """Whether the value falls into the band."""
    low, high = band["from_value"], band["to_value"]
    above = (
        not low or value > float(low) or (band["from_inclusive"] == "true" and value == float(low))
    )
    below = (
        not high or value < float(high) or (band["to_inclusive"] == "true" and value == float(high))
    )
    return above and below


@pytest.mark.parametrize(("year", "metric"), bands())
def test_every_value_falls_into_exactly_one_band(year: str, metric: str) -> None:
    rows = bands()[year, metric]
    ends = {float(row[end]) for row in rows for end in ("from_value", "to_value") if row[end]}
    values = sorted(ends | {end * factor for end in ends for factor in (0.999, 1.001)} | {0.0, 1e6})
    counts = {value: sum(holds(row, value) for row in rows) for value in values}
    assert set(counts.values()) == {1}, counts


@pytest.mark.parametrize(
    ("metric", "value", "band"),
    [
        ("deployment_frequency", 1, "elite"),
        ("deployment_frequency", 1 / 7, "high"),
        ("deployment_frequency", 1 / 30, "medium"),
        ("deployment_frequency", 0.01, "low"),
        ("change_lead_time", 23.99, "elite"),
        ("change_lead_time", 24, "high"),
        ("change_fail_rate", 0.05, "elite"),
        ("change_fail_rate", 0.10, "high"),
        ("change_fail_rate", 0.20, "medium"),
        ("change_fail_rate", 0.21, "low"),
        ("failed_deployment_recovery_time", 1, "high"),
        ("failed_deployment_recovery_time", 167, "medium"),
    ],
)
def test_the_bands_of_2024_are_those_of_the_metrics_page(
    metric: str, value: float, band: str
) -> None:
    assert [row["band"] for row in bands()["2024", metric] if holds(row, value)] == [band]
