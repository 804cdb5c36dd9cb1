"""Puts stand-ins for erased people into rows: into batches on their way to the warehouse, and into
rows that are stored already."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contracts import Table
from ingestion.contracts.people import PEOPLE_COLUMNS, Actor, PeopleColumns
from ingestion.erasure.erased import Erased, Kind

Row = dict[str, Any]
_NOTHING = PeopleColumns()


class Replacing:
    """Replaces the erased people of one connection."""

    def __init__(self, erased: Erased, connection: str) -> None:
        self._erased = erased
        self._connection = connection

    def batch(self, contracts: Mapping[str, Table], batch: dict[str, pa.Table]) -> dict[str, Any]:
        """The batch (Arrow tables by name); the same one where nobody was ever erased."""
        if not self._erased:
            return batch
        return {name: self.table(contracts[name], table) for name, table in batch.items()}

    def table(self, contract: Table, table: pa.Table) -> pa.Table:
        """The Arrow table; the same one when no erased person is in it."""
        columns = PEOPLE_COLUMNS.get((contract.schema, contract.name), _NOTHING)
        mask = None
        for name, is_hit in self._tests(columns):
            values = pc.unique(table[name])
            hits = [value for value in values.to_pylist() if value is not None and is_hit(value)]
            if hits:
                found = pc.is_in(table[name], value_set=pa.array(hits, values.type))
                mask = found if mask is None else pc.or_(mask, found)
        if mask is None:
            return table
        rows = [self.row(contract, row) for row in table.filter(mask).to_pylist()]
        replaced = pa.Table.from_pylist(rows, schema=table.schema)
        return pa.concat_tables([table.filter(pc.invert(mask)), replaced])

    def row(self, contract: Table, row: Mapping[str, Any]) -> Row:
        """The row with stand-ins; json columns are texts, and stay so."""
        columns = PEOPLE_COLUMNS.get((contract.schema, contract.name), _NOTHING)
        found = dict(row)
        for actor in columns.actors:
            if person := self._person(actor, row):
                self._replace(actor, person, found)
        lists: tuple[tuple[Kind, tuple[str, ...]], ...]
        lists = (("id", columns.ids), ("login", columns.logins))
        for kind, names in lists:
            for name in names:
                if row[name] is not None:
                    found[name] = self._list(kind, row[name])
        for name in columns.prose:
            if isinstance(found[name], str):
                found[name] = self._erased.scrubbed(self._connection, found[name])
        return found

    def _person(self, actor: Actor, row: Mapping[str, Any]) -> str | None:
        told: list[tuple[Kind, str]] = []
        if actor.id:
            told.append(("id", actor.id))
        if actor.login:
            told.append(("login", actor.login))
        told += [("email", name) for name in actor.emails]
        for kind, name in told:
            if person := self._erased.person(kind, self._connection, row[name]):
                return person
        return None

    def _replace(self, actor: Actor, person: str, row: Row) -> None:
        erased, connection = self._erased, self._connection
        if actor.id and row[actor.id] is not None:
            row[actor.id] = erased.id(connection, row[actor.id])
        if actor.login and row[actor.login] is not None:
            row[actor.login] = erased.login(connection, row[actor.login])
        for name in actor.emails:
            if row[name] is not None:
                row[name] = erased.email(row[name])
        if actor.name and row[actor.name] is not None:
            row[actor.name] = erased.name(person)
        for name in actor.emptied:
            row[name] = None

    def _list(self, kind: Kind, text: str) -> str:
        found = []
        values = json.loads(text) or []
        if not any(self._erased.person(kind, self._connection, value) for value in values):
            return text
        for value in values:
            if self._erased.person(kind, self._connection, value):
                stand_in = self._erased.id if kind == "id" else self._erased.login
                value = stand_in(self._connection, value)
            found.append(value)
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))

    def _tests(self, columns: PeopleColumns) -> list[tuple[str, Callable[[Any], bool]]]:
        """Column by column, what tells that a value is an erased person's."""
        erased, connection = self._erased, self._connection

        def of(kind: Kind) -> Callable[[Any], bool]:
            return lambda value: erased.person(kind, connection, value) is not None

        def within(kind: Kind) -> Callable[[Any], bool]:
            return lambda value: (
                self._list(kind, value) != value
                and any(erased.person(kind, connection, one) for one in json.loads(value) or [])
            )

        tests = []
        for actor in columns.actors:
            tests += [(actor.id, of("id"))] if actor.id else []
            tests += [(actor.login, of("login"))] if actor.login else []
            tests += [(name, of("email")) for name in actor.emails]
        tests += [(name, within("id")) for name in columns.ids]
        tests += [(name, within("login")) for name in columns.logins]
        tests += [
            (name, lambda text: erased.scrubbed(connection, text) != text) for name in columns.prose
        ]
        return tests
