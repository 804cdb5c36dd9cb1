"""Two computations of the metrics tables, compared to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.independent.reckoner import reckon
from tests.independent.reckoner_facts import Row
from transform.schemas import INPUTS, OUTPUTS

# The tables that are computed twice.
RECKONED = (
    "deployment_changes",
    "pull_request_cycle",
    "deployment_outcomes",
    "incident_outcomes",
    "linkage_coverage",
    "dora",
)
# Not told by the facts: they are of the run.
OF_THE_RUN = {"definition_version", "computed_at"}


def columns(name: str) -> list[str]:
    """The columns of a table of metrics that are compared."""
    return [c for c in OUTPUTS[name].column_names() if c not in OF_THE_RUN]


def differences(
    expected: Mapping[str, Iterable[Row]], actual: Mapping[str, Iterable[Row]]
) -> list[str]:
    """A line for each row that only one has, and for each value that differs; none if equal."""
    found = []
    for name in expected:
        table = OUTPUTS[name]
        ours = _keyed(expected[name], table.key, name)
        theirs = _keyed(actual[name], table.key, name)
        found += [f"{name}: missing {key}: {ours[key]}" for key in ours if key not in theirs]
        found += [f"{name}: not expected {key}: {theirs[key]}" for key in theirs if key not in ours]
        names = columns(name)
        for key, row in ours.items():
            other = theirs.get(key, row)
            if row == other:
                continue
            found += [
                f"{name} {key} {column}: expected {row[column]!r}, computed {other[column]!r}"
                for column in names
                if row[column] != other[column]
            ]
    return found


def _keyed(rows: Iterable[Row], key: Sequence[str], name: str) -> dict[tuple[Any, ...], Row]:
    keyed: dict[tuple[Any, ...], Row] = {}
    count = 0
    for row in rows:
        keyed[tuple(row[column] for column in key)] = row
        count += 1
    if count != len(keyed):
        raise ValueError(f"{name}: {count} rows have only {len(keyed)} keys")
    return keyed


def reckon_warehouse(connection: psycopg.Connection[Any]) -> list[str]:
    """Where metrics.* of a warehouse differ from what its marts tell; empty if nowhere."""

    def read(schema: str, name: str, names: Sequence[str]) -> list[Row]:
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                sql.SQL("select {} from {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(schema, name)
                )
            )
            return cursor.fetchall()

    tables = {
        name: read(table.schema, name, table.column_names()) for name, table in INPUTS.items()
    }
    written = {name: read(OUTPUTS[name].schema, name, columns(name)) for name in RECKONED}
    (computation,) = read("metrics", "computation", ["as_of"])
    return differences(reckon(tables, computation["as_of"]), written)
