"""Everything by which the raw tables know a person: ids, logins, addresses, names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from ingestion.contracts import RAW_SCHEMAS
from ingestion.contracts.people import PEOPLE_COLUMNS, Actor
from ingestion.erasure.erased import Erased, Kind, Mark, normal
from ingestion.stored import is_stored

Pair = tuple[str, str]
"""Connection, and an id or login there."""

_USERS = {"raw_github": ("users", "login"), "raw_gitlab": ("users", "username")}


@dataclass
class Person:
    """One person; addresses and names as they are written, each spelling of them."""

    ids: set[Pair] = field(default_factory=set)
    logins: set[Pair] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.ids or self.logins or self.emails)

    def marks(self, erased: Erased, person: str) -> list[Mark]:
        """What is kept of the person: `person` is the random text that stands for them."""
        told: list[tuple[Kind, str | None, str]] = [
            *(("id", connection, value) for connection, value in self.ids),
            *(("login", connection, value) for connection, value in self.logins),
            *(("email", None, value) for value in self.emails),
            # One word is no name of one person.
            *(("name", None, value) for value in self.names if " " in value.strip()),
        ]
        found = (
            Mark(person, kind, connection, erased.fingerprint(kind, connection or "", value))
            for kind, connection, value in told
        )
        return sorted(set(found), key=lambda mark: (mark.kind, mark.fingerprint))

    def words(self) -> list[str]:
        """What is looked for elsewhere: account ids as marts write them, addresses, logins and
        names of two words."""
        return sorted(
            {f"{connection}:{value}" for connection, value in self.ids}
            | {value for _, value in self.logins}
            | self.emails
            | {name for name in self.names if " " in name.strip()}
        )


def find(
    connection: psycopg.Connection[Any], references: Iterable[str], emails: Iterable[str] = ()
) -> Person:
    """The person whom references (connection:id, connection:login, an address) and more addresses
    lead to in the raw tables; an empty one when nobody is found.

    What others go by too is left out: a login that changed hands, an address of several accounts, a
    name that somebody else's account bears.
    """
    person = Person(emails={email for email in emails if email})
    for reference in references:
        place, _, value = reference.strip().partition(":")
        if not value:
            spellings, owners = _spellings(connection, reference.strip())
            person.emails |= spellings
            person.ids |= owners
        else:
            _resolve(connection, person, place, value)
    for actor_row in _rows_of_ids(connection, person.ids):
        place, _, login, name, addresses = actor_row
        if login:
            person.logins.add((place, login))
        if name:
            person.names.add(name)
        person.emails |= addresses
    _leave_others(connection, person)
    person.names |= _names_signed(connection, person.emails)
    person.names = {
        name for name in person.names if not _is_name_of_others(connection, name, person.ids)
    }
    return person


def unerasable(connection: psycopg.Connection[Any], person: Person) -> list[str]:
    """Full names of loaded repositories and projects that stand under a login of the person: they
    carry it in every address."""
    logins = sorted({normal("login", login) for _, login in person.logins})
    places = sorted({place for place, _ in person.logins})
    found = []
    for table, name in (
        ("raw_github.repositories", "full_name"),
        ("raw_gitlab.projects", "path_with_namespace"),
    ):
        if is_stored(connection, table):
            found += connection.execute(
                f"select {name} from {table} where connection = any(%s)"
                f" and lower(split_part({name}, '/', 1)) = any(%s) order by 1".encode(),
                (places, logins),
            ).fetchall()
    return [name for (name,) in found]


def _resolve(connection: psycopg.Connection[Any], person: Person, place: str, value: str) -> None:
    """Adds the account that `place:value` names, by id first, else by login."""
    ids: set[Pair] = set()
    logins: set[Pair] = set()
    for schema, table, actor in _actors():
        if actor.id and _has(connection, schema, table, actor.id, place, value):
            ids.add((place, value))
        if actor.login and _has(connection, schema, table, actor.login, place, value, lower=True):
            logins.add((place, value))
    if not ids and logins:
        for schema, (table, login) in _USERS.items():
            if is_stored(connection, f"{schema}.{table}"):
                ids |= {
                    (place, id_)
                    for (id_,) in connection.execute(
                        f"select id::text from {schema}.{table} where connection = %s"
                        f" and lower({login}) = lower(%s)".encode(),
                        (place, value),
                    )
                }
    person.ids |= ids
    person.logins |= logins if not ids else set()
    if logins and ids:
        person.logins.add((place, value))


def _rows_of_ids(
    connection: psycopg.Connection[Any], ids: Iterable[Pair]
) -> Iterator[tuple[str, str, str | None, str | None, set[str]]]:
    """Connection, id, login, name and addresses of the rows of accounts."""
    wanted = list(ids)
    for schema, table, actor in _actors():
        if not actor.id or not wanted or not is_stored(connection, f"{schema}.{table}"):
            continue
        statement = sql.SQL(
            "select distinct connection, {id}::text, {login}, {name}, {emails} from {table}"
            " where (connection, {id}::text) in (select * from unnest(%s::text[], %s::text[]))"
        ).format(
            id=sql.Identifier(actor.id),
            login=_column(actor.login),
            name=_column(actor.name),
            emails=sql.SQL("array[{}]::text[]").format(
                sql.SQL(", ").join(map(sql.Identifier, actor.emails))
            ),
            table=sql.Identifier(schema, table),
        )
        places, values = [place for place, _ in wanted], [value for _, value in wanted]
        for place, id_, login, name, emails in connection.execute(statement, (places, values)):
            yield place, id_, login, name, {email for email in emails if email}


def _leave_others(connection: psycopg.Connection[Any], person: Person) -> None:
    """Takes away logins and addresses that accounts of others have."""
    for schema, table, actor in _actors():
        if not actor.id or not is_stored(connection, f"{schema}.{table}"):
            continue
        places = [place for place, _ in person.ids]
        values = [value for _, value in person.ids]
        others = sql.SQL(
            " where (connection, {id}::text) not in"
            " (select * from unnest(%s::text[], %s::text[])) and lower({value}) = any(%s)"
        )
        name = sql.Identifier(schema, table)
        for column in actor.emails:
            known = sorted({normal("email", email) for email in person.emails})
            shared = connection.execute(
                sql.SQL("select distinct lower({value}) from {table}").format(
                    value=sql.Identifier(column), table=name
                )
                + others.format(id=sql.Identifier(actor.id), value=sql.Identifier(column)),
                (places, values, known),
            ).fetchall()
            taken = {email for (email,) in shared}
            person.emails = {one for one in person.emails if normal("email", one) not in taken}
        if actor.login and person.logins and (table, actor.login) == _USERS.get(schema):
            known = sorted({normal("login", login) for _, login in person.logins})
            shared = connection.execute(
                sql.SQL("select distinct connection, lower({value}) from {table}").format(
                    value=sql.Identifier(actor.login), table=name
                )
                + others.format(id=sql.Identifier(actor.id), value=sql.Identifier(actor.login)),
                (places, values, known),
            ).fetchall()
            person.logins = {
                (place, login)
                for place, login in person.logins
                if (place, normal("login", login)) not in set(shared)
            }


def _names_signed(connection: psycopg.Connection[Any], emails: Iterable[str]) -> set[str]:
    """Names that stand beside addresses."""
    known = sorted({normal("email", email) for email in emails})
    found: set[str] = set()
    for schema, table, actor in _actors():
        if not actor.name or not known or not is_stored(connection, f"{schema}.{table}"):
            continue
        for column in actor.emails:
            statement = sql.SQL(
                "select distinct {name} from {table} where lower({email}) = any(%s)"
            ).format(
                name=sql.Identifier(actor.name),
                table=sql.Identifier(schema, table),
                email=sql.Identifier(column),
            )
            found |= {name for (name,) in connection.execute(statement, (known,)) if name}
    return found


def _spellings(connection: psycopg.Connection[Any], email: str) -> tuple[set[str], set[Pair]]:
    """The address as rows write it, and the account that has it where a connection has only one."""
    found: set[str] = set()
    owners: dict[str, set[str]] = {}
    for schema, table, actor in _actors():
        for column in actor.emails if is_stored(connection, f"{schema}.{table}") else ():
            statement = sql.SQL(
                "select distinct {email}, connection, {id}::text from {table}"
                " where lower({email}) = lower(%s)"
            ).format(
                email=sql.Identifier(column),
                id=_column(actor.id),
                table=sql.Identifier(schema, table),
            )
            for spelling, place, id_ in connection.execute(statement, (email,)):
                found.add(spelling)
                owners.setdefault(place, set()).update({id_} - {None})
    return found, {(place, min(ids)) for place, ids in owners.items() if len(ids) == 1}


def _is_name_of_others(connection: psycopg.Connection[Any], name: str, ids: Iterable[Pair]) -> bool:
    places, values = [place for place, _ in ids], [value for _, value in ids]
    for schema in RAW_SCHEMAS:
        if not is_stored(connection, f"{schema}.users"):
            continue
        found = connection.execute(
            f"select 1 from {schema}.users where lower(name) = lower(%s)"
            " and (connection, id::text) not in"
            " (select * from unnest(%s::text[], %s::text[])) limit 1".encode(),
            (name, places, values),
        ).fetchone()
        if found:
            return True
    return False


def _actors() -> Iterator[tuple[str, str, Actor]]:
    for (schema, table), columns in PEOPLE_COLUMNS.items():
        for actor in columns.actors:
            yield schema, table, actor


def _column(name: str | None) -> sql.Composable:
    return sql.Identifier(name) if name else sql.SQL("null::text")


def _has(
    connection: psycopg.Connection[Any],
    schema: str,
    table: str,
    column: str,
    place: str,
    value: str,
    *,
    lower: bool = False,
) -> bool:
    if not is_stored(connection, f"{schema}.{table}"):
        return False
    test = "lower({column}) = lower(%s)" if lower else "{column}::text = %s"
    statement = sql.SQL("select 1 from {table} where connection = %s and " + test + " limit 1")
    found = connection.execute(
        statement.format(table=sql.Identifier(schema, table), column=sql.Identifier(column)),
        (place, value),
    ).fetchone()
    return found is not None
