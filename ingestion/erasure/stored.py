"""Erases a person from the stored raw rows, and keeps by what later loads know them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from ingestion.contracts import ALL_TABLES, PROVENANCE, Table
from ingestion.contracts.people import PEOPLE_COLUMNS, PeopleColumns
from ingestion.erasure.erased import Erased, Mark, normal
from ingestion.erasure.person import Person
from ingestion.erasure.replacing import Replacing, Row
from ingestion.stored import is_stored

_TABLES = """
create table if not exists erasure.secret (value bytea not null);
create table if not exists erasure.people (
    person text not null,
    kind text not null,
    connection text,
    fingerprint text primary key,
    erased_at timestamptz not null default now()
);
comment on table erasure.secret is
'Key of the fingerprints, drawn once. Who has it can test a guess: the loader alone may read it.';
comment on table erasure.people is
'One keyed hash of an account, login, address or name of an erased person. No plain text.';
"""

_STAGING = """
select schemaname, tablename from pg_catalog.pg_tables
where schemaname in ('raw_github_staging', 'raw_gitlab_staging', 'raw_jira_staging')
    and tablename not like '\\_dlt%'
"""


def read(connection: psycopg.Connection[Any]) -> Erased:
    """Who was erased from this warehouse, for the loader."""
    if not is_stored(connection, "erasure.people"):
        return Erased(b"")
    secret = connection.execute("select value from erasure.secret").fetchone()
    latest = connection.execute("select max(erased_at) from erasure.people").fetchone()
    marks = connection.execute(
        "select person, kind, connection, fingerprint from erasure.people"
    ).fetchall()
    return Erased(
        bytes(secret[0]) if secret else b"",
        (Mark(*row) for row in marks),
        latest[0] if latest else None,
    )


def count_rows(connection: psycopg.Connection[Any], person: Person) -> dict[str, int]:
    """How many rows of each raw table would change, by schema.table; nothing is changed."""
    erased = Erased(b"none")
    erased = Erased(b"none", person.marks(erased, "nobody"))
    return {
        name: count
        for table, columns in _tables(connection)
        for name in (f"{table.schema}.{table.name}",)
        if (count := sum(1 for _ in _changed(connection, table, columns, person, erased)))
    }


def erase(connection: psycopg.Connection[Any], person: Person) -> dict[str, int]:
    """Erases a person from every raw table and from what dlt keeps of the last load; rows changed
    by schema.table. The caller commits: all of it or nothing.

    Raises psycopg.Error.
    """
    connection.execute(_TABLES)
    # Two erasures at once would draw two secrets.
    connection.execute("lock table erasure.secret in share row exclusive mode")
    if not connection.execute("select 1 from erasure.secret").fetchone():
        connection.execute("insert into erasure.secret values (%s)", (secrets.token_bytes(32),))
    erased = read(connection)
    marks = person.marks(erased, _name_of(person, erased) or secrets.token_hex(4))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into erasure.people (person, kind, connection, fingerprint)"
            " values (%s, %s, %s, %s)"
            " on conflict (fingerprint) do update set erased_at = now()",
            [(mark.person, mark.kind, mark.connection, mark.fingerprint) for mark in marks],
        )
    erased = read(connection)
    counts = {}
    for table, columns in _tables(connection):
        changed = list(_changed(connection, table, columns, person, erased))
        if changed:
            _update(connection, table, changed)
            counts[f"{table.schema}.{table.name}"] = len(changed)
    for schema, table_name in connection.execute(_STAGING).fetchall():
        connection.execute(sql.SQL("delete from {}").format(sql.Identifier(schema, table_name)))
    return counts


def _name_of(person: Person, erased: Erased) -> str | None:
    """What stands for the person already, if part of them was erased before."""
    known = {mark.fingerprint: mark.person for mark in erased.marks}
    found = (known.get(m.fingerprint) for m in person.marks(erased, "") if m.kind != "name")
    return next(filter(None, found), None)


def _tables(connection: psycopg.Connection[Any]) -> Iterator[tuple[Table, PeopleColumns]]:
    for table in ALL_TABLES:
        columns = PEOPLE_COLUMNS.get((table.schema, table.name))
        if columns and is_stored(connection, f"{table.schema}.{table.name}"):
            yield table, columns


def _changed(
    connection: psycopg.Connection[Any],
    table: Table,
    columns: PeopleColumns,
    person: Person,
    erased: Erased,
) -> Iterator[tuple[Row, Row]]:
    """Rows that tell of the person, as they are and as they become."""
    where, parameters = _candidates(columns, person)
    if where is None:
        return
    json_columns = {column.name for column in table.columns if column.data_type == "json"}
    names = table.column_names()
    statement = sql.SQL("select {} from {} where {}").format(
        sql.SQL(", ").join(
            sql.SQL("{}::text" if name in json_columns else "{}").format(sql.Identifier(name))
            for name in names
        ),
        sql.Identifier(table.schema, table.name),
        where,
    )
    with connection.cursor(name="candidates") as cursor:
        cursor.itersize = 5000
        cursor.execute(statement, parameters)
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            new = Replacing(erased, row["connection"]).row(table, row)
            if new != row:
                yield row, new


def _candidates(
    columns: PeopleColumns, person: Person
) -> tuple[sql.Composable | None, dict[str, Any]]:
    """A condition that holds for every row that may tell of the person, and its parameters."""
    parameters: dict[str, Any] = {
        "ids": sorted({value for _, value in person.ids}),
        "logins": sorted({normal("login", value) for _, value in person.logins}),
        "emails": sorted({normal("email", value) for value in person.emails}),
        "pattern": "|".join(re.escape(word) for word in _words(person)),
        "entries": rf"\m({'|'.join(re.escape(value) for _, value in sorted(person.ids))})\M",
    }
    tests = []
    for actor in columns.actors:
        tests += [_test("{}::text = any(%(ids)s)", actor.id)] if actor.id else []
        tests += [_test("lower({}) = any(%(logins)s)", actor.login)] if actor.login else []
        tests += [_test("lower({}) = any(%(emails)s)", name) for name in actor.emails]
    if person.ids:
        tests += [_test("{}::text ~ %(entries)s", name) for name in columns.ids]
    if parameters["pattern"]:
        texts = (*columns.prose, *columns.logins)
        tests += [_test("{}::text ~* %(pattern)s", name) for name in texts]
    return (sql.SQL(" or ").join(tests) if tests else None), parameters


def _words(person: Person) -> list[str]:
    """What a text that mentions the person has in it, among others that don't."""
    names = {name.split()[0] for name in person.names if " " in name.strip()}
    ids = {value for _, value in person.ids if not value.isdecimal()}
    told = ids | {value for _, value in person.logins} | person.emails | names
    return sorted(filter(None, told))


def _test(text: str, column: str) -> sql.Composable:
    return sql.SQL(text).format(sql.Identifier(column))


def _update(
    connection: psycopg.Connection[Any], table: Table, changed: list[tuple[Row, Row]]
) -> None:
    """Writes rows in their places; one that stands under its new key already goes."""
    name = sql.Identifier(table.schema, table.name)
    key = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(one), sql.Placeholder(f"key_{one}"))
        for one in table.key
    )
    written = {
        one
        for old, new in changed
        for one in table.column_names()
        if one not in PROVENANCE and old[one] != new[one]
    }
    json_columns = {column.name for column in table.columns if column.data_type == "json"}
    settings = sql.SQL(", ").join(
        sql.SQL("{} = {}{}").format(
            sql.Identifier(one),
            sql.Placeholder(one),
            sql.SQL("::jsonb" if one in json_columns else ""),
        )
        for one in sorted(written)
    )
    moved = [new for old, new in changed if any(old[one] != new[one] for one in table.key)]
    with connection.cursor() as cursor:
        if moved:
            cursor.executemany(
                sql.SQL("delete from {} where {}").format(name, key),
                [{f"key_{one}": new[one] for one in table.key} for new in moved],
            )
        cursor.executemany(
            sql.SQL("update {} set {} where {}").format(name, settings, key),
            [
                {one: new[one] for one in written} | {f"key_{one}": old[one] for one in table.key}
                for old, new in changed
            ],
        )
