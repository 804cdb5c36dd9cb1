"""A person is erased from the demo company: from every schema, while all numbers stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from demo.company import Company, default_period
from demo.settings import sei_toml
from tests.fixtures.pipeline import Installation, demo_server

pytestmark = pytest.mark.end_to_end

SEED, REPOSITORIES, MONTHS = 5, 3, 2
# What differs between two runs at different times, and what an erasure replaces.
_VOLATILE = {"computed_at", "as_of", "author_id"}


def numbers(one: Installation) -> dict[str, list[str]]:
    """The rows of all metrics tables, by table."""
    found = {}
    with psycopg.connect(one.warehouse().url()) as connection:
        for (table,) in connection.execute(
            "select tablename from pg_tables where schemaname = 'metrics'"
            " and tablename not in ('computation', 'computed_units') order by 1"
        ).fetchall():
            where = "where not is_partial" if table == "dora" else ""
            rows = connection.execute(
                sql.SQL("select to_jsonb(t) from {} as t {}").format(
                    sql.Identifier("metrics", table), sql.SQL(where)
                )
            ).fetchall()
            found[table] = sorted(
                json.dumps({k: v for k, v in row.items() if k not in _VOLATILE}) for (row,) in rows
            )
    return found


def places(one: Installation, words: set[str]) -> list[tuple[str, str, Any]]:
    """Where any of the words stands as a whole word: table, word, row; every schema of both
    databases, every column."""
    found = []
    for url in (one.warehouse().url(), one.warehouse().dagster_url()):
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables"
                " where schemaname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, table in tables:
                for word in words:
                    row = connection.execute(
                        sql.SQL("select t::text from {} as t where t::text ~* %s limit 1").format(
                            sql.Identifier(schema, table)
                        ),
                        (rf"(^|[^[:alnum:]_-]){_escaped(word)}($|[^[:alnum:]_-])",),
                    ).fetchone()
                    if row:
                        found.append((f"{schema}.{table}", word, row[0][:300]))
    return found


def _escaped(word: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in word)


def test_a_person_is_gone_from_every_table_also_after_the_next_sync_and_no_number_changes(
    installation: Callable[[str], Installation],
) -> None:
    start, until = default_period(datetime.now(UTC), MONTHS)
    company = Company.generate(SEED, REPOSITORIES, start, until)
    one = installation("erase")
    arguments = ["--seed", str(SEED), "--repositories", str(REPOSITORIES)]
    arguments += ["--start", start.isoformat(), "--until", until.isoformat()]
    earlier = (until - timedelta(days=2)).isoformat()
    with demo_server(*arguments, "--clock", earlier) as addresses:
        one.configure(sei_toml(company, *addresses))
        done = one.sei("run", timeout=1500)
        assert done.returncode == 0, done.stdout + done.stderr
        # Who has accounts in several sources, wrote most, and is no owner.
        ((developer, login),) = one.query(
            "select i.developer_id, min(i.login) from marts.bridge_developer_identities as i"
            " inner join marts.fct_pull_requests as p on p.author_id = i.developer_id"
            " where not p.is_bot and i.source = 'github' and not i.is_git"
            " group by 1 order by count(*) desc, 1 limit 1"
        )
        told = one.sei("erase-person", developer, "--json")
        assert told.returncode == 2
        assert "nothing was erased" in told.stderr
        shown = json.loads(told.stdout)
        assert f"github:{login}" in shown["logins"]
        assert shown["rows"]["raw_github.users"] >= 1
        words = {word.partition(":")[2] for word in shown["logins"]}
        words |= {w.partition(":")[2] for w in shown["accounts"] if not w.startswith("gitlab:")}
        words |= {*shown["emails"], *(name for name in shown["names"] if " " in name)}
        assert places(one, words)
        before = numbers(one)
        others = one.query(
            "select * from marts.dim_developers where developer_id <> %s order by 1", developer
        )

        erased = one.sei("erase-person", developer, "--yes", timeout=1500)
        assert erased.returncode == 0, erased.stdout + erased.stderr
        assert places(one, words) == []
        assert numbers(one) == before
        left = one.query("select * from marts.dim_developers order by 1")
        assert [row for row in left if not row[1].startswith("Erased ")] == others
        assert len(left) == len(others) + 1

        for address in addresses:
            httpx.post(f"{address}/demo/clock", json={"now": until.isoformat()}).raise_for_status()
        done = one.sei("run", timeout=1500)
        assert done.returncode == 0, done.stdout + done.stderr
        assert places(one, words) == []
        assert len(one.query("select 1 from marts.dim_developers where name like 'Erased %%'")) == 1
