"""What the room remembers, in the schema quality: results of the checks and volumes of the tables.

Only counts and keys are kept: no texts, no names of people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg

from quality.claims import CheckOutcome, Door

_TABLES = """
create table if not exists quality.check_results (
    run_id text not null,
    door text not null,
    checked_at timestamptz not null,
    table_schema text not null,
    table_name text not null,
    check_name text not null,
    severity text not null,
    blocking boolean not null,
    passed boolean not null,
    observed_value jsonb,
    unexpected_count bigint,
    sample jsonb,
    note text,
    primary key (run_id, door, table_schema, table_name, check_name)
);
create index if not exists check_results_checked_at on quality.check_results (checked_at);

create table if not exists quality.table_volumes (
    run_id text not null,
    door text not null,
    checked_at timestamptz not null,
    table_schema text not null,
    table_name text not null,
    slice text not null default '',
    row_count bigint not null,
    is_accepted boolean not null,
    primary key (run_id, door, table_schema, table_name, slice)
);
create index if not exists table_volumes_checked_at on quality.table_volumes (checked_at);

create or replace view quality.accepted_volumes as
select volumes.*
from quality.table_volumes as volumes
inner join (
    select
        door,
        max(checked_at) as checked_at
    from quality.table_volumes
    where is_accepted
    group by door
) as latest
    on latest.door = volumes.door and latest.checked_at = volumes.checked_at
where volumes.is_accepted;

create or replace view quality.latest_check_results as
select results.*
from quality.check_results as results
inner join (
    select
        door,
        max(checked_at) as checked_at
    from quality.check_results
    group by door
) as latest
    on latest.door = results.door and latest.checked_at = results.checked_at;

comment on table quality.check_results is
'One check of one run: what it found. Kept as long as [retention] checks says.';
comment on column quality.check_results.sample is
'Keys of up to five rows that contradict the claim.';
comment on table quality.table_volumes is
'Row count of one table, or of one slice of it, in one run. Kept like check_results.';
comment on column quality.table_volumes.is_accepted is
'No blocking check of the door failed: later runs are compared with the latest such run.';
comment on view quality.accepted_volumes is 'The volumes that the next run is compared with.';
comment on view quality.latest_check_results is 'Results of the latest run at each door.';
"""


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Creates the room's tables and views where they are missing."""
    # Two runs at once would both find nothing and one of them fail on the other's table.
    connection.execute("select pg_advisory_xact_lock(hashtext('quality.results'))")
    found = connection.execute(
        "select to_regclass('quality.latest_check_results') is not null"
    ).fetchone()
    if not (found and found[0]):
        connection.execute(_TABLES)
    connection.commit()


def readable_columns(
    connection: psycopg.Connection[Any], tables: Iterable[str]
) -> dict[str, list[str]]:
    """The columns of each "schema.table" that this login may read, in their order."""
    rows = connection.execute(
        "select name, array_agg(a.attname::text order by a.attnum)"
        " from unnest(%s::text[]) as name"
        " inner join pg_catalog.pg_attribute as a on a.attrelid = to_regclass(name)"
        " where a.attnum > 0 and not a.attisdropped"
        " and has_column_privilege(a.attrelid, a.attnum, 'select')"
        " group by name",
        [sorted(tables)],
    ).fetchall()
    return dict(rows)


def existing_tables(connection: psycopg.Connection[Any], tables: Iterable[str]) -> set[str]:
    """Those of the tables ("schema.table") that exist."""
    rows = connection.execute(
        "select name from unnest(%s::text[]) as name where to_regclass(name) is not null",
        [sorted(set(tables))],
    )
    return {name for (name,) in rows}


def accepted_volumes(connection: psycopg.Connection[Any], door: Door) -> dict[str, int]:
    """Row counts of whole tables in the door's last accepted run, by "schema.table"."""
    rows = connection.execute(
        "select table_schema || '.' || table_name, row_count from quality.accepted_volumes"
        " where door = %s and slice = ''",
        [door],
    )
    return dict(rows.fetchall())


def count_rows(
    connection: psycopg.Connection[Any], tables: Iterable[str], slices: Mapping[str, str]
) -> dict[tuple[str, str], int]:
    """Row counts by (table, slice); the slice of a whole table is ''."""
    counts: dict[tuple[str, str], int] = {}
    names = sorted(tables)
    if names:
        # The names are this program's own, never input.
        statement = " union all ".join(f"select '{name}', count(*) from {name}" for name in names)
        counts.update({(name, ""): n for name, n in connection.execute(statement.encode())})
    for name in names:
        if name in slices:
            for slice_, n in connection.execute(slices[name].encode()):
                counts[name, slice_] = n
    return counts


def store(
    connection: psycopg.Connection[Any],
    *,
    run_id: str,
    door: Door,
    checked_at: datetime,
    outcomes: Iterable[CheckOutcome],
    volumes: Mapping[tuple[str, str], int],
    accepted: bool,
) -> None:
    """Keeps the results and volumes of a run; the same run again replaces its own."""
    keys = {"run_id": run_id, "door": door}
    connection.execute(
        "delete from quality.check_results where door = %(door)s and run_id = %(run_id)s",
        keys,
    )
    connection.execute(
        "delete from quality.table_volumes where door = %(door)s and run_id = %(run_id)s", keys
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quality.check_results values"
            " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    run_id,
                    door,
                    checked_at,
                    *outcome.table.split(".", 1),
                    outcome.check,
                    outcome.severity,
                    outcome.blocking,
                    outcome.passed,
                    _json(outcome.metadata.get("observed_value")),
                    outcome.metadata.get("unexpected_count"),
                    _json(outcome.metadata.get("sample")),
                    outcome.metadata.get("note"),
                )
                for outcome in outcomes
            ],
        )
        cursor.executemany(
            "insert into quality.table_volumes values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (run_id, door, checked_at, *table.split(".", 1), slice_, count, accepted)
                for (table, slice_), count in volumes.items()
            ],
        )
    connection.commit()


def prune(connection: psycopg.Connection[Any], before: datetime) -> dict[str, int]:
    """Removes results and volumes older than a moment; how many rows, by table that lost some."""
    prepare(connection)
    results = connection.execute(
        "delete from quality.check_results where checked_at < %s", [before]
    ).rowcount
    volumes = connection.execute(
        "delete from quality.table_volumes as volumes where checked_at < %s"
        # What later runs are compared with stays, however old.
        " and not exists (select 1 from quality.accepted_volumes as accepted"
        " where accepted.door = volumes.door and accepted.checked_at = volumes.checked_at)",
        [before],
    ).rowcount
    connection.commit()
    counts = {"quality.check_results": results, "quality.table_volumes": volumes}
    return {table: count for table, count in counts.items() if count}


def accept(connection: psycopg.Connection[Any], door: Door) -> str | None:
    """Makes the door's latest run the one that later runs are compared with; its run_id, or None
    where there is none."""
    row = connection.execute(
        "update quality.table_volumes set is_accepted = true"
        " where door = %(door)s and checked_at = ("
        "select max(checked_at) from quality.table_volumes where door = %(door)s)"
        " returning run_id",
        {"door": door},
    ).fetchone()
    connection.commit()
    return row[0] if row else None


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=str)
