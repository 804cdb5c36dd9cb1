"""Carries the settings that models need into the warehouse: the tables raw_settings.*.

They are small and replaced whole in one transaction, so that a reader sees the old settings or
the new ones and never a mixture; the tables themselves stay, since views hang on them.
"""

from __future__ import annotations

import json
import secrets
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from ingestion.contracts import SETTINGS, Table
from ingestion.erasure import Erased, read
from ingestion.settings import Member, Settings

Rows = dict[str, list[dict[str, Any]]]

_POSTGRES_TYPES = {
    "text": "text",
    "bigint": "bigint",
    "double": "double precision",
    "bool": "boolean",
    "timestamp": "timestamptz",
    "json": "jsonb",
    "date": "date",
}


def rows(settings: Settings) -> Rows:
    """The rows of every raw_settings table (as ingestion.contracts has them), by table name."""
    organization, metrics = settings.organization, settings.metrics
    return {
        "organization": [
            {
                "slug": organization.slug,
                "name": organization.name,
                "timezone": organization.timezone,
                "week_starts_on": organization.week_starts_on,
                "history_since": settings.history_since(),
                "pseudonymize": settings.privacy.pseudonymize,
                "pseudonym_salt": secrets.token_hex(16),
            }
        ],
        "connections": [
            *(_connection(c.name, "github", c.api_url) for c in settings.github),
            *(_connection(c.name, "gitlab", c.url) for c in settings.gitlab),
            *(_connection(c.name, "jira", c.url) for c in settings.jira),
        ],
        "deployment_rules": [
            {"position": position, **rule.model_dump()}
            for position, rule in enumerate(settings.deployment_rules, 1)
        ],
        "incident_rules": [
            {"position": position, **rule.model_dump()}
            for position, rule in enumerate(settings.incident_rules, 1)
        ],
        "environment_tiers": [
            {"position": position, "tier": tier, "pattern": pattern}
            for position, (tier, pattern) in enumerate(metrics.environments.items(), 1)
        ],
        "metrics": [
            {
                "definition": "current",
                "incident_link_window_hours": metrics.incident_link_window,
                "baseline_window_hours": metrics.baseline_window,
                "deduplication_window_hours": metrics.deduplication_window,
                "revert_counts_as_failure": metrics.revert_counts_as_failure,
                "minimum_sample": metrics.minimum_sample,
                "exclude_bots": metrics.exclude_bots,
                "bands_year": metrics.bands_year,
                "hotfix_labels": metrics.hotfix.labels,
                "hotfix_branches": metrics.hotfix.branches,
            }
        ],
        "teams": [
            {"name": team.name, "parent": team.parent, "same": team.same or None}
            for team in settings.teams
        ],
        "team_members": [
            {
                "team": team.name,
                "member": member.account,
                "valid_from": member.since or date.min,
                "valid_to": member.until,
            }
            for team in settings.teams
            for member in _first_of_each(team.members)
        ],
        "services": [{"name": service.name, "team": service.team} for service in settings.services],
        "service_repositories": [
            {"service": service.name, "repository": repository, "path_prefix": prefix}
            for service in settings.services
            for repository, prefix in dict.fromkeys(
                [(name, "") for name in service.repositories] + list(service.paths.items())
            )
        ],
        "service_jira": [
            {"service": service.name, "kind": kind, "value": value}
            for service in settings.services
            for kind, values in (
                ("project", service.jira.projects),
                ("component", service.jira.components),
            )
            for value in dict.fromkeys(values)
        ],
        "jira_status_categories": [
            {"connection": connection.name, "status": status, "category": category}
            for connection in settings.jira
            for status, category in connection.status_categories.items()
        ],
        "people": [
            {
                "position": position,
                "relation": "same" if person.same else "different",
                "accounts": person.same or person.different,
            }
            for position, person in enumerate(settings.people, 1)
        ],
        "bots": [{"login": login} for login in dict.fromkeys(settings.bots.logins)],
    }


def _first_of_each(members: list[Member]) -> list[Member]:
    """Without a second entry for the same account and first day."""
    return list({(member.account, member.since): member for member in members[::-1]}.values())[::-1]


def _connection(name: str, source: str, url: str) -> dict[str, Any]:
    return {"connection": name, "source": source, "url": url}


def write(settings: Settings, url: str) -> dict[str, int]:
    """Replaces raw_settings.* with these settings; returns the row count of each table.

    Raises psycopg.Error when the warehouse refuses; nothing has changed then.
    """
    found = rows(settings)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in SETTINGS.values():
            _create(cursor, table)
        cursor.execute(
            "select min(history_since), min(pseudonym_salt) from raw_settings.organization"
        )
        since, salt = cursor.fetchone() or (None, None)
        if settings.history.since is None and since:
            # "365 days ago" is fixed by the first run: else the history would shrink every day.
            found["organization"][0]["history_since"] = since
        if salt:
            # A new one would give everybody another pseudonym.
            found["organization"][0]["pseudonym_salt"] = salt
        _without_erased(found, read(connection))
        for table in SETTINGS.values():
            _replace(cursor, table, found[table.name])
    return {name: len(found[name]) for name in SETTINGS}


def _without_erased(found: Rows, erased: Erased) -> None:
    """Puts stand-ins for erased people in place, and says which of their accounts are one person's:
    what joined them is erased."""
    for row in found["team_members"]:
        row["member"] = erased.reference(row["member"])
    for row in found["people"]:
        row["accounts"] = [erased.reference(account) for account in row["accounts"]]
    found["people"] += [
        {"position": position, "relation": "same", "accounts": accounts}
        for position, accounts in enumerate(erased.statements(), len(found["people"]) + 1)
    ]


def _create(cursor: psycopg.Cursor[Any], table: Table) -> None:
    name = sql.Identifier(table.schema, table.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(_POSTGRES_TYPES[column.data_type]),
            sql.SQL("" if column.nullable else " not null"),
        )
        for column in table.columns
    )
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    cursor.execute(
        sql.SQL("create table if not exists {} ({}, primary key ({}))").format(name, columns, key)
    )
    cursor.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s",
        (table.schema, table.name),
    )
    known = {row[0] for row in cursor.fetchall()}
    for column in table.columns:
        # A newer version of this program may know more columns. Asked first: the statement would
        # wait for every reader, even with "if not exists".
        if column.name not in known:
            cursor.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    name, sql.Identifier(column.name), sql.SQL(_POSTGRES_TYPES[column.data_type])
                )
            )


def _replace(cursor: psycopg.Cursor[Any], table: Table, found: list[dict[str, Any]]) -> None:
    name = sql.Identifier(table.schema, table.name)
    # Not truncate: it would wait for, and lock out, every reader.
    cursor.execute(sql.SQL("delete from {}").format(name))
    if not found:
        return
    names = table.column_names()
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        name,
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    json_columns = {column.name for column in table.columns if column.data_type == "json"}
    cursor.executemany(
        statement,
        [
            [
                json.dumps(row.get(column))
                if column in json_columns and row.get(column) is not None
                else row.get(column)
                for column in names
            ]
            for row in found
        ],
    )
