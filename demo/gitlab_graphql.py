"""The part of GitLab's GraphQL that a load asks for: pipelines of many projects.

Names and types are those of docs.gitlab.com/api/graphql/reference (Query.projects,
Project.pipelines); which pipelines are shown follows PipelinesFinder in GitLab's source.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from graphql import GraphQLSchema, build_schema, graphql_sync

Node = Mapping[str, Any]
Pipelines = Callable[[int], Sequence[Node] | None]
"""The pipelines of a project, as REST shows them; None where the project can't be seen."""

_MOST_NODES = 100
_SCHEMA = """
scalar Time
type PageInfo { endCursor: String hasNextPage: Boolean! }
type Pipeline { id: ID! updatedAt: Time! }
type PipelineConnection { nodes: [Pipeline] pageInfo: PageInfo! }
type Project {
  id: ID!
  pipelines(
    after: String, first: Int, source: String, updatedAfter: Time, updatedBefore: Time
  ): PipelineConnection
}
type ProjectConnection { nodes: [Project] pageInfo: PageInfo! }
type Query { projects(ids: [ID!], after: String, first: Int): ProjectConnection }
"""


@cache
def _schema() -> GraphQLSchema:
    schema = build_schema(_SCHEMA)
    # The library's own resolver does not take an argument called `source`.
    project: Any = schema.type_map["Project"]
    project.fields["pipelines"].resolve = _pipelines
    return schema


def answer(body: str, pipelines: Pipelines) -> dict[str, Any]:
    """The reply to a request of GraphQL, errors included; ValueError for a body that is none."""
    asked = json.loads(body)
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise ValueError("no query")

    def projects(info: Any, ids: Sequence[str] = (), first: int | None = None) -> Any:
        found = []
        for number in sorted((int(id_.rpartition("/")[2]) for id_ in ids), reverse=True):
            rows = pipelines(number)
            if rows is not None:
                found.append({"id": f"gid://gitlab/Project/{number}", "rows": rows})
        return _connection(found, first)

    result = graphql_sync(
        _schema(),
        asked["query"],
        {"projects": projects},
        variable_values=asked.get("variables") or {},
        operation_name=asked.get("operationName"),
    )
    shown: dict[str, Any] = {"data": result.data}
    if result.errors:
        shown["errors"] = [{"message": error.message} for error in result.errors]
    return shown


def _pipelines(
    project: Node,
    info: Any,
    first: int | None = None,
    source: str | None = None,
    updatedAfter: str | None = None,
) -> Any:
    since = None if updatedAfter is None else datetime.fromisoformat(updatedAfter)
    found = []
    for row in project["rows"]:
        is_child = row["source"] == "parent_pipeline"
        if is_child != (source == "parent_pipeline"):
            continue
        changed = row.get("updated_at")
        if since is not None and (changed is None or datetime.fromisoformat(changed) < since):
            continue
        # Times have whole seconds here.
        at = None if changed is None else f"{changed[:19]}Z"
        found.append({"id": f"gid://gitlab/Ci::Pipeline/{row['id']}", "updatedAt": at})
    found.sort(key=lambda one: int(str(one["id"]).rpartition("/")[2]), reverse=True)
    return _connection(found, first)


def _connection(found: Sequence[Any], first: int | None) -> dict[str, Any]:
    size = min(_MOST_NODES if first is None else first, _MOST_NODES)
    return {
        "nodes": list(found[:size]),
        "pageInfo": {"hasNextPage": len(found) > size, "endCursor": str(size)},
    }
