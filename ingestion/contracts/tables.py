"""How a raw table is described: `Table`, `Column`, and the short way of writing them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# The tools that are loaded; the raw tables of each are in the schema raw_<source>.
SOURCES = ("github", "gitlab", "jira")
RAW_SCHEMAS = tuple(f"raw_{source}" for source in SOURCES)

# New tables and columns may appear (an API grows); a changed type stops the load, because a
# silent retype corrupts everything downstream.
SCHEMA_CONTRACT: dict[str, str] = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}

_TYPES = {"text", "bigint", "double", "bool", "timestamp", "json", "date"}


@dataclass(frozen=True)
class Column:
    """A column of a raw table; `data_type` is dlt's name of the type (timestamp = timestamptz)."""

    name: str
    data_type: str
    nullable: bool
    description: str
    is_private: bool = False
    """Holds people's addresses: only the loader and the modeller may read it."""


@dataclass(frozen=True)
class Table:
    """A raw table; `grain` says what one row is, `key` the columns that make it unique."""

    schema: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def dlt_columns(self) -> dict[str, dict[str, Any]]:
        """Column hints for `dlt.resource(columns=…)`, primary key included."""
        found: dict[str, dict[str, Any]] = {
            column.name: {
                "name": column.name,
                "data_type": column.data_type,
                "nullable": column.nullable,
                "primary_key": column.name in self.key,
                "description": column.description,
            }
            for column in self.columns
        }
        if "read_at" in found:
            # Without it any of the rows of one key stays (dlthub.com/docs, merge loading).
            found["read_at"]["dedup_sort"] = "desc"
        return found

    def open_columns(self) -> tuple[str, ...]:
        """The columns that are not private, in order."""
        return tuple(column.name for column in self.columns if not column.is_private)

    def column_names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)


def _parse(lines: str, key: Iterable[str]) -> tuple[Column, ...]:
    """Columns from lines `name type description`; keys and types ending in `!` are not null, types
    ending in `*` private."""
    key = set(key)
    columns = []
    for line in lines.strip().splitlines():
        name, data_type, description = line.strip().split(maxsplit=2)
        is_private = data_type.endswith("*")
        data_type = data_type.rstrip("*")
        required = data_type.endswith("!") or name in key
        data_type = data_type.rstrip("!")
        if data_type not in _TYPES:
            raise ValueError(f"{name}: unknown type {data_type}")
        columns.append(Column(name, data_type, not required, description, is_private))
    return tuple(columns)


CONNECTION = "connection text! Name of the connection in sei.toml that brought the row."
SYNCED = """
synced_at timestamp! Start of the sync that read the row last; the same in all rows of a sync.
read_at timestamp When the row was read; of one that a sync read twice, the later stays.
""".strip()
# Columns that say how a row came here, not what it is about.
PROVENANCE = ("connection", "synced_at", "read_at")

# The table request_ledger of every source. Loading only adds to it; `[retention] requests` says how
# long rows stay.
LEDGER_GRAIN = "What the requests of one sync to one endpoint cost; sums of all its rounds so far."
LEDGER_KEY = "endpoint synced_at"
LEDGER = """
endpoint text What was asked: a GraphQL document by its operation, or method and path with {placeholders}.
run_id text Id of the Dagster run that loaded; null: not loaded by Dagster.
resource text! Limit that it belongs to: core or graphql.
requests bigint! Requests sent, repeats and followed redirects included.
counted_requests bigint! Of these, those that count against the quota: where the provider says so, 304 does not.
points bigint Points of the GraphQL quota, as replies told; null where none did.
not_modified bigint! Requests answered with 304 (nothing changed).
retries bigint! Requests that repeat one that had failed; not those after a refusal for a limit.
rate_limited bigint! Requests refused for a limit.
failed bigint! Requests answered with another error (404 included), not understood, or not answered.
wait_seconds double! Waited for limits, all threads together.
backoff_seconds double! Waited before repeats, all threads together.
seconds double! From sending to the end of the reply, all threads together.
bytes bigint! Bodies of replies, as they came.
""".strip()


DRIFT_GRAIN = "One change in what an endpoint's replies look like, noticed by comparing with all replies before."
DRIFT_KEY = "endpoint field change"
DRIFT = """
endpoint text What was asked, as in request_ledger.
field text Path of the field in the reply; [] is an entry of a list, # a number in a name.
change text new_field, missing_field (every entry had it, none has it now) or type_changed.
expected text JSON types it had before (time, date, text, number, boolean, object, array); null: it is new.
found text JSON types it has now; null: it is gone.
is_needed bool! A key or a metric rests on it, and it is gone or of another type: what is downstream stops.
accepted_at timestamp When `sei checks --door raw --accept` accepted it; null until then.
""".strip()


def table(schema: str, name: str, grain: str, key: str, lines: str) -> Table:
    """A table from lines `name type description`; `key` names its key columns."""
    keys = tuple(key.split())
    return Table(schema, name, grain, keys, _parse(lines, keys))
