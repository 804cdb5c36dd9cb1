"""Views that a refresh need not make again: code, not data.

A view has the rows of its tables at any time; dbt makes it anew on every build nevertheless, which
is half of what a small warehouse's build costs (docs/benchmarks.md). Kept are the views that hang
on nothing that dbt replaces, as long as the project and the views in the warehouse are what they
were after the last whole build.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

# Where the state of the last whole build is noted; in the warehouse, so that it goes where it goes.
_NOTE = "staging.views_built"

View = tuple[str, str]


def lasting_views(manifest: Mapping[str, Any]) -> dict[str, View]:
    """dbt's name → (schema, view) of the views without tests whose ancestors are such or sources.

    Parents come before their children. A model that is made anew takes the views upon it along
    (`drop … cascade`), and leaving a model out of a build leaves its tests out.
    """
    nodes = manifest["nodes"]
    tested = {
        parent
        for node in nodes.values()
        if node["resource_type"] == "test"
        for parent in node["depends_on"]["nodes"]
    }
    known: dict[str, bool] = {}

    def lasts(unique_id: str) -> bool:
        if unique_id.startswith("source."):
            return True
        if unique_id not in known:
            node = nodes[unique_id]
            known[unique_id] = (
                node["resource_type"] == "model"
                and node["config"]["materialized"] == "view"
                and unique_id not in tested
                and all(lasts(parent) for parent in node["depends_on"]["nodes"])
            )
        return known[unique_id]

    for unique_id in sorted(nodes):
        if nodes[unique_id]["resource_type"] == "model":
            lasts(unique_id)
    # Answers came parents first.
    lasting = [nodes[unique_id] for unique_id, answer in known.items() if answer]
    return {node["name"]: (node["schema"], node["alias"]) for node in lasting}


def project_digest(manifest: Mapping[str, Any]) -> str:
    """Equal for equal code: of models with their descriptions, sources, macros, and dbt itself."""
    told = [
        manifest["metadata"]["dbt_version"],
        *(
            [
                node["unique_id"],
                node["checksum"],
                node["config"],
                node["description"],
                {name: column["description"] for name, column in node["columns"].items()},
            ]
            for _, node in sorted(manifest["nodes"].items())
            if node["resource_type"] == "model"
        ),
        *([key, source["relation_name"]] for key, source in sorted(manifest["sources"].items())),
        *([key, macro["macro_sql"]] for key, macro in sorted(manifest["macros"].items())),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def views_digest(connection: psycopg.Connection[Any], views: Sequence[View]) -> str | None:
    """Equal for equal views in the warehouse; None when one of them is not there."""
    found = connection.execute(
        """
        select count(*), md5(string_agg(
            n.nspname || c.relname || pg_catalog.pg_get_viewdef(c.oid), ''
            order by n.nspname, c.relname
        ))
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where c.relkind = 'v' and n.nspname || '.' || c.relname = any(%s)
        """,
        ([f"{schema}.{view}" for schema, view in views],),
    ).fetchone()
    return found[1] if found and found[0] == len(views) else None


def kept(connection: psycopg.Connection[Any], manifest: Mapping[str, Any]) -> list[str]:
    """dbt's names of the views that a build may leave as they are; none when anything changed."""
    there = connection.execute("select to_regclass(%s)", (_NOTE,)).fetchone()
    if there is None or there[0] is None:
        return []
    noted = connection.execute(f"select project, views from {_NOTE}".encode()).fetchone()
    views = lasting_views(manifest)
    now = (project_digest(manifest), views_digest(connection, list(views.values())))
    return list(views) if noted == now else []


def note(connection: psycopg.Connection[Any], manifest: Mapping[str, Any]) -> None:
    """Notes the state after a whole build that succeeded."""
    views = views_digest(connection, list(lasting_views(manifest).values()))
    with connection.transaction():
        connection.execute(
            f"create table if not exists {_NOTE} (project text not null, views text)".encode()
        )
        connection.execute(f"delete from {_NOTE}".encode())
        connection.execute(
            f"insert into {_NOTE} values (%s, %s)".encode(), (project_digest(manifest), views)
        )
