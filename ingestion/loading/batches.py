"""Rows to Arrow tables with exactly the columns and types of the contract.

Arrow, since dlt writes it to Postgres three times as fast as dicts (docs: sources).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa

from ingestion.contracts import Column, Table
from ingestion.http import BadReply

Row = dict[str, Any]
Batch = dict[str, pa.Table]
"""Arrow tables by the name of their raw table."""

_ARROW = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "json": pa.string(),
    "date": pa.date32(),
}

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a raw table."""
    return pa.schema(
        [pa.field(c.name, _ARROW[c.data_type], nullable=c.nullable) for c in table.columns]
    )


def clean(text: str) -> str:
    """The text as Postgres takes it: no NUL, no half of a surrogate pair; the rest untouched."""
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "")


def _clean_all(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(key): _clean_all(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_clean_all(item) for item in value]
    return value


def _json(value: Any) -> str | None:
    if value is None:
        return None
    try:
        text = _JSON.encode(value)
        if text.isascii() and "\\u0000" not in text:
            return text
    except TypeError:
        pass  # a set, say, which is a list once it has been cleaned
    return _JSON.encode(_clean_all(value))


def _texts(values: list[Any]) -> list[Any]:
    # Nearly every text is clean: one look at all of them together.
    together = "".join([value for value in values if value is not None])
    if together.isascii() and "\x00" not in together:
        return values
    return [None if value is None else clean(value) for value in values]


class _Order:
    """Times that only grow, a microsecond a row, whatever the clock of the machine does."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self, count: int) -> pa.Array:
        """So many of them, from now on."""
        with self._lock:
            first = max(time.time_ns() // 1000, self._last + 1)
            self._last = first + count - 1
        return pa.array(range(first, first + count), pa.int64()).cast(_ARROW["timestamp"])


_ORDER = _Order()


def to_arrow(
    table: Table, rows: Sequence[Mapping[str, Any]], connection: str, synced_at: datetime
) -> pa.Table:
    """The rows as a table of the contract.

    Raises BadReply where a required value is missing, or one is of another type; the value itself
    is not said.
    """
    name = table.name
    columns = []
    for column in table.columns:
        values: list[Any]
        if column.name == "connection":
            values = [connection] * len(rows)
        elif column.name == "synced_at":
            values = [synced_at] * len(rows)
        elif column.name == "read_at":
            columns.append(_ORDER.next(len(rows)))
            continue
        else:
            values = [row.get(column.name) for row in rows]
        if column.data_type == "json":
            values = [_json(value) for value in values]
        elif column.data_type == "text":
            try:
                values = _texts(values)
            except TypeError:
                raise _of_another_type(table, column, rows) from None
        if not column.nullable and None in values:
            row = rows[values.index(None)]
            key = row.get("id") or row.get("sha") or row.get("name")
            raise BadReply(f"{name}: {column.name} is missing in {key}")
        try:
            columns.append(pa.array(values, _ARROW[column.data_type]))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            raise _of_another_type(table, column, rows) from None
    return pa.Table.from_arrays(columns, schema=arrow_schema(table))


def _of_another_type(table: Table, column: Column, rows: Sequence[Mapping[str, Any]]) -> BadReply:
    found = "values that do not fit"
    kind = _ARROW[column.data_type]
    for row in rows:
        value = row.get(column.name)
        try:
            # Of JSON no value is of another type.
            pa.array(_texts([value]) if column.data_type == "text" else [value], kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
            found = type(value).__name__
            break
        except OverflowError:
            found = "a number that is too large"
            break
    return BadReply(f"{table.name}: {column.name}: {column.data_type} expected, {found} found")


def join(batches: Sequence[Batch]) -> Batch:
    """Several batches as one."""
    names = dict.fromkeys(name for batch in batches for name in batch)
    return {name: pa.concat_tables([b[name] for b in batches if name in b]) for name in names}
