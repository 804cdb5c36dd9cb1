"""`sei erase-person`: shows what is known of a person, asks, and erases it (docs/operations.md)."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import typer

from ingestion import erasure
from ingestion.contracts import SOURCES
from ingestion.erasure import Person
from ingestion.stored import is_stored
from orchestration.commands import UsageProblem
from orchestration.commands.run import NO_SOURCE, refresh, run_config
from orchestration.homes import Home, shown_home
from orchestration.instance import dagster_environment
from orchestration.warehouse import Warehouse

_READ = (
    "intermediate.int_developers_matched",
    "intermediate.int_account_emails",
    "marts.dim_developers",
)
_MATCHED = """
with told as (
    select account_id from intermediate.int_accounts_unioned
    where account_id = %(said)s or connection || ':' || lower(login) = lower(%(said)s)
    union
    select account_id from intermediate.int_account_emails
    where email = lower(%(said)s) and doubt is distinct from 'generic'
)
select distinct developers.developer_id, dim.is_bot
from intermediate.int_developers_matched as developers
inner join marts.dim_developers as dim on developers.developer_id = dim.developer_id
where developers.account_id in (select account_id from told)
order by 1
"""
_ACCOUNTS = """
select accounts.account_id, accounts.is_git
from intermediate.int_developers_matched as developers
inner join intermediate.int_accounts_unioned as accounts
    on developers.account_id = accounts.account_id
where developers.developer_id = %s
"""
_EMAILS = """
select emails.email
from intermediate.int_account_emails as emails
inner join intermediate.int_developers_matched as developers
    on emails.account_id = developers.account_id
group by emails.email
having bool_and(developers.developer_id = %s)
"""


def erase_person(said: str, *, only: bool, yes: bool, as_json: bool, demo: bool) -> None:
    """Erases and builds everything anew; raises UsageProblem when it must not or can't be done."""
    home = shown_home(demo=demo)
    warehouse = home.open_warehouse()
    _refuse_beside_a_run(home, warehouse)
    with psycopg.connect(warehouse.url("loader")) as loader:
        person = _person(warehouse, loader, said, only)
        if owned := erasure.unerasable(loader, person):
            raise UsageProblem(
                f"{said} owns what is loaded ({', '.join(owned[:3])}): leave it out of "
                "sei.toml's owners and groups first, its address names the person"
            )
        is_known = _is_erased(loader, said)
        if not person and not is_known:
            raise UsageProblem(f"nobody is found by {said!r}; write an address or connection:login")
        rows = erasure.count_rows(loader, person)
        places = _named_in_settings(home, person)
        _show(person, rows, places, as_json)
        if not yes and not _confirmed():
            raise UsageProblem("nothing was erased; answer yes, or add --yes")
        # Before the raw rows: they tell what to look for, should this be cut short and repeated.
        _clean_quality(warehouse, person)
        _clean_dagster(warehouse, person)
        with _no_load_beside(warehouse.url("loader")):
            if person:
                erasure.erase(loader, person)
            loader.commit()
    # Rows read and not loaded yet, and dlt's copies of the state: all are read again.
    shutil.rmtree(home.folder / "dlt", ignore_errors=True)
    config = run_config([NO_SOURCE], full=False)
    config["ops"]["metrics"]["config"]["full"] = True
    refresh(home, warehouse, config)
    for place in places:
        print(f"{place} still names the person: take it out by hand", file=sys.stderr)


@contextmanager
def _no_load_beside(url: str) -> Iterator[None]:
    """Keeps every load of any machine out: it would store rows by an older list of the erased."""
    from ingestion.loading import LoadError
    from ingestion.loading.lock import only_load

    with ExitStack() as locks:
        try:
            for source in SOURCES:
                locks.enter_context(only_load(url, f"raw_{source}", "sei erase-person"))
        except LoadError as error:
            raise UsageProblem(str(error)) from error
        yield


def _refuse_beside_a_run(home: Home, warehouse: Warehouse) -> None:
    os.environ.update(dagster_environment(home, warehouse))
    import dagster as dg

    from orchestration.runs import fail_abandoned_runs, running_refresh

    with dg.DagsterInstance.get() as instance:
        fail_abandoned_runs(instance)
        if other := running_refresh(instance):
            raise UsageProblem(
                f"run {other.run_id[:8]} is going on and may store rows of the person; "
                "wait for its end, then repeat"
            )


def _person(warehouse: Warehouse, loader: psycopg.Connection[Any], said: str, only: bool) -> Person:
    with psycopg.connect(warehouse.url("modeller")) as modeller:
        if not all(is_stored(modeller, table) for table in _READ):
            return erasure.find(loader, [said])
        developers = modeller.execute(_MATCHED.encode(), {"said": said.strip()}).fetchall()
        if len(developers) > 1:
            names = ", ".join(developer for developer, _ in developers)
            raise UsageProblem(f"{said} is of several people ({names}): name one of these")
        if not developers or only:
            return erasure.find(loader, _addresses_of(modeller, said) or [said])
        ((developer, is_bot),) = developers
        if is_bot:
            raise UsageProblem(f"{said} is a bot, not a person")
        accounts = modeller.execute(_ACCOUNTS.encode(), [developer]).fetchall()
        emails = modeller.execute(_EMAILS.encode(), [developer]).fetchall()
    references = [account for account, is_git in accounts if not is_git]
    return erasure.find(loader, references, [email for (email,) in emails])


def _addresses_of(modeller: psycopg.Connection[Any], said: str) -> list[str]:
    """The address that an account of commits stands for; empty for accounts of other kinds."""
    return [
        email
        for (email,) in modeller.execute(
            "select email from intermediate.int_account_emails"
            " where account_id = %s and told_by = 'git'",
            [said],
        ).fetchall()
    ]


def _is_erased(loader: psycopg.Connection[Any], said: str) -> bool:
    """Whether this person was erased before, and only the rest may be left to be done."""
    return erasure.read(loader).reference(said) != said


def _named_in_settings(home: Home, person: Person) -> list[str]:
    """file:line of the settings that name the person."""
    words = [f"{place}:{login}" for place, login in (*person.logins, *person.ids)]
    words = [word.casefold() for word in (*words, *person.emails)]
    folder = home.config.parent
    files = [home.config, *sorted(folder.glob("*.csv"))]
    return [
        f"{path.name}:{number}"
        for path in files
        if path.exists()
        for number, line in enumerate(_lines(path), 1)
        if any(word in line.casefold() for word in words)
    ]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _show(person: Person, rows: dict[str, int], places: list[str], as_json: bool) -> None:
    told: dict[str, Any] = {
        "accounts": sorted(f"{place}:{value}" for place, value in person.ids),
        "logins": sorted(f"{place}:{value}" for place, value in person.logins),
        "emails": sorted(person.emails),
        "names": sorted(person.names),
        "rows": rows,
        "named_in": places,
    }
    if as_json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for title in ("accounts", "logins", "emails", "names"):
        print(f"{title + ':':10}{', '.join(told[title]) or 'none'}")
    for table, count in rows.items():
        print(f"{table:40}{count:>10,} rows")
    for place in places:
        print(f"{place} names the person and is not changed")
    print("marts and metrics are built anew from what is left: counts and metrics stay")


def _confirmed() -> bool:
    return sys.stdin.isatty() and typer.confirm("Erase, for good?", err=True)


def _clean_quality(warehouse: Warehouse, person: Person) -> None:
    """Samples and notes of checks that name the person."""
    with psycopg.connect(warehouse.url("inspector")) as connection:
        if is_stored(connection, "quality.check_results"):
            connection.execute(
                "update quality.check_results set sample = null, note = null, observed_value = null"
                " where exists (select 1 from unnest(%s::text[]) as words (word)"
                " where position(lower(word) in lower(concat(sample, note, observed_value))) > 0)",
                (person.words(),),
            )


def _clean_dagster(warehouse: Warehouse, person: Person) -> None:
    """Events of earlier runs that name the person: results of checks show keys of rows."""
    # A login alone may be any word.
    logins = {login for _, login in person.logins}
    words = [word for word in person.words() if word not in logins]
    written = sorted({*words, *(json.dumps(word)[1:-1] for word in words)})
    with psycopg.connect(warehouse.dagster_url()) as connection:
        for table, column in _events(connection):
            for word in written:
                connection.execute(
                    f"update {table} set {column} = replace({column}, %s, 'erased')"
                    f" where position(%s in {column}) > 0".encode(),
                    (word, word),
                )


def _events(connection: psycopg.Connection[Any]) -> Iterable[tuple[str, str]]:
    for table, column in (("event_logs", "event"), ("asset_check_executions", "evaluation_event")):
        if is_stored(connection, table):
            yield table, column
