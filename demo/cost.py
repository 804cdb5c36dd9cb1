"""GitHub's price of a GraphQL query: requests that its connections stand for, possible nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from demo.executor import Document

NODE_LIMIT = 500_000


def price(
    document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> tuple[int, int]:
    """Points (at least 1) and the most nodes that can come back.

    Rule: docs.github.com/graphql, "Rate limits and query limits": one request per parent node for
    each connection, the sum divided by 100; nodes are the product of the page sizes, summed up.
    """
    requests = nodes = 0

    def walk(selection_set: SelectionSetNode | None, parents: int) -> None:
        nonlocal requests, nodes
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                size = _page(selection, variables)
                if size is None:
                    walk(selection.selection_set, parents)
                else:
                    requests += parents
                    nodes += parents * size
                    walk(selection.selection_set, parents * size)
            elif isinstance(selection, InlineFragmentNode):
                walk(selection.selection_set, parents)
            elif isinstance(selection, FragmentSpreadNode):
                walk(document.fragments[selection.name.value].selection_set, parents)

    walk(operation.selection_set, 1)
    return max(1, round(requests / 100)), nodes


def _page(field: FieldNode, variables: Mapping[str, Any]) -> int | None:
    for argument in field.arguments:
        if argument.name.value in ("first", "last"):
            value: Any = None
            if isinstance(argument.value, IntValueNode):
                value = int(argument.value.value)
            elif isinstance(argument.value, VariableNode):
                value = variables.get(argument.value.name.value)
            return value if isinstance(value, int) else None
        if argument.name.value == "ids" and isinstance(argument.value, VariableNode):
            ids = variables.get(argument.value.name.value)
            return len(ids) if isinstance(ids, list) else None
    return None
