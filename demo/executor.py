"""Executes GraphQL requests over plain dictionaries, fast enough for whole companies.

graphql-core parses and validates (once per text); only the execution is our own, because the
library's takes about ten times as long per field. Objects are dicts with `__typename` and one entry
per plain field; fields with arguments or links are given by resolvers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

Resolver = Callable[[dict[str, Any], dict[str, Any], Any], Any]


class RequestError(Exception):
    """What is wrong with a field, in GitHub's way: an error with a type, the field null."""

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind


class _Null(Exception):
    """A non-null field had nothing: its parent becomes null."""


class _Plan:
    """A field to be answered for objects of one type."""

    __slots__ = (
        "arguments",
        "is_leaf",
        "is_list",
        "key",
        "name",
        "node",
        "nodes",
        "resolver",
        "type",
    )

    def __init__(self, key: str, name: str, nodes: list[FieldNode]) -> None:
        self.key, self.name, self.nodes, self.node = key, name, nodes, nodes[0]
        self.resolver: Resolver | None = None
        self.arguments: dict[str, Any] = {}
        self.is_leaf = False
        self.is_list = False
        self.type: Any = None


class Document:
    """A parsed and validated text; `errors` is not empty if it is not valid."""

    def __init__(self, schema: GraphQLSchema, text: str) -> None:
        self.errors: list[GraphQLError] = []
        self.operations: dict[str, OperationDefinitionNode] = {}
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        try:
            document: DocumentNode = parse(text, max_tokens=20_000)
        except GraphQLError as error:
            self.errors.append(error)
            return
        self.errors.extend(validate(schema, document))
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                name = definition.name.value if definition.name else ""
                self.operations[name] = definition
            elif isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition


class Executor:
    """Runs documents against a schema with resolvers by (type name, field name)."""

    def __init__(
        self, schema: GraphQLSchema, resolvers: Mapping[tuple[str, str], Resolver]
    ) -> None:
        self.schema, self.resolvers = schema, resolvers
        self.document = lru_cache(maxsize=256)(lambda text: Document(schema, text))

    def execute(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        context: Any,
    ) -> dict[str, Any]:
        """The response: `data` and, if there are any, `errors`."""
        if operation.operation != OperationType.QUERY:
            return {"errors": [{"message": "The demo serves queries only."}]}
        values = get_variable_values(
            self.schema, operation.variable_definitions, dict(variables), max_errors=10
        )
        if isinstance(values, list):
            return {"errors": [described(error) for error in values]}
        run = _Run(self, document, values, context)
        query = self.schema.query_type
        assert query is not None
        try:
            data = run.answer({"__typename": "Query"}, query, [operation.selection_set], [])
        except _Null:
            data = None
        answer: dict[str, Any] = {"data": data}
        if run.errors:
            answer["errors"] = run.errors
        return answer


def described(error: GraphQLError) -> dict[str, Any]:
    """A validation or syntax error as GitHub shows it."""
    return {
        "message": error.message,
        "locations": [{"line": one.line, "column": one.column} for one in error.locations or ()],
    }


class _Run:
    def __init__(
        self, executor: Executor, document: Document, variables: dict[str, Any], context: Any
    ) -> None:
        self.schema, self.resolvers = executor.schema, executor.resolvers
        self.fragments = document.fragments
        self.variables, self.context = variables, context
        self.errors: list[dict[str, Any]] = []
        self._plans: dict[tuple[Any, ...], list[_Plan]] = {}
        # Keeps merged selection sets alive: plans are found by identity.
        self._merged: dict[int, list[SelectionSetNode]] = {}

    def answer(
        self,
        value: dict[str, Any],
        of_type: Any,
        selections: list[SelectionSetNode],
        path: list[str | int],
    ) -> dict[str, Any]:
        """The answered fields of one object."""
        key = (of_type.name, *map(id, selections))
        plans = self._plans.get(key)
        if plans is None:
            plans = self._plans[key] = self._plan(of_type, selections)
        context = self.context
        result: dict[str, Any] = {}
        for plan in plans:
            resolver = plan.resolver
            try:
                found = value.get(plan.name) if resolver is None else resolver(
                    value, plan.arguments, context
                )  # fmt: skip
            except RequestError as error:
                found = None
                self._report(error, plan, [*path, plan.key])
            if plan.is_leaf:
                if found is None and type(plan.type) is GraphQLNonNull:
                    self._missing(plan, of_type, [*path, plan.key])
                result[plan.key] = found
            else:
                result[plan.key] = self._complete(
                    found, plan.type, plan, of_type, [*path, plan.key]
                )
        return result

    def _complete(
        self,
        value: Any,
        of_type: Any,
        plan: _Plan,
        parent: GraphQLObjectType,
        path: list[str | int],
    ) -> Any:
        if type(of_type) is GraphQLNonNull:
            if value is None:
                self._missing(plan, parent, path)
            return self._complete(value, of_type.of_type, plan, parent, path)
        if value is None:
            return None
        if type(of_type) is GraphQLList:
            inner = of_type.of_type
            result = []
            for index, item in enumerate(value):
                try:
                    result.append(self._complete(item, inner, plan, parent, [*path, index]))
                except _Null:
                    if type(inner) is GraphQLNonNull:
                        raise
                    result.append(None)
            return result
        if plan.is_leaf:
            return value
        concrete = (
            self.schema.type_map[value["__typename"]]
            if isinstance(of_type, GraphQLInterfaceType | GraphQLUnionType)
            else of_type
        )
        selections = self._merged.get(id(plan))
        if selections is None:
            selections = [node.selection_set for node in plan.nodes if node.selection_set]
            self._merged[id(plan)] = selections
        try:
            return self.answer(value, concrete, selections, path)
        except _Null:
            # The nearest parent that may be null becomes null; if this one may not, go on upwards.
            if type(plan.type) is GraphQLNonNull and not plan.is_list:
                raise
            if plan.is_list:
                raise
            return None

    def _missing(self, plan: _Plan, parent: GraphQLObjectType, path: list[str | int]) -> None:
        if not any(error.get("path") == path for error in self.errors):
            self.errors.append(
                {
                    "path": path,
                    "message": f"Cannot return null for non-nullable field "
                    f"{parent.name}.{plan.name}",
                }
            )
        raise _Null

    def _report(self, error: RequestError, plan: _Plan, path: list[str | int]) -> None:
        start = plan.node.loc.start_token if plan.node.loc else None
        report: dict[str, Any] = {"type": error.kind} if error.kind else {}
        report |= {"path": path, "message": str(error)}
        if start is not None:
            report["locations"] = [{"line": start.line, "column": start.column}]
        self.errors.append(report)

    def _plan(
        self, of_type: GraphQLObjectType, selections: Sequence[SelectionSetNode]
    ) -> list[_Plan]:
        plans: dict[str, _Plan] = {}
        for selection_set in selections:
            self._collect(of_type, selection_set, plans)
        for plan in plans.values():
            if plan.name == "__typename":
                plan.is_leaf = True
                plan.resolver = lambda *_, name=of_type.name: name
                continue
            field = of_type.fields[plan.name]
            plan.type = field.type
            named = get_named_type(field.type)
            plan.is_leaf = not isinstance(
                named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
            )
            bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
            plan.is_list = isinstance(bare, GraphQLList)
            plan.resolver = self.resolvers.get((of_type.name, plan.name))
            if plan.resolver is None and of_type.name.endswith(("Connection", "Edge")):
                suffix = "Connection" if of_type.name.endswith("Connection") else "Edge"
                plan.resolver = self.resolvers.get((suffix, plan.name))
            if field.args:
                plan.arguments = get_argument_values(field, plan.node, self.variables)
            if plan.resolver is not None and plan.arguments is not None:
                plan.arguments["_field"] = plan.name
        return list(plans.values())

    def _collect(
        self, of_type: GraphQLObjectType, selection_set: SelectionSetNode, plans: dict[str, _Plan]
    ) -> None:
        for selection in selection_set.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                if key in plans:
                    plans[key].nodes.append(selection)
                else:
                    plans[key] = _Plan(key, selection.name.value, [selection])
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                if condition is None or self._applies(condition.name.value, of_type):
                    self._collect(of_type, selection.selection_set, plans)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self.fragments[selection.name.value]
                if self._applies(fragment.type_condition.name.value, of_type):
                    self._collect(of_type, fragment.selection_set, plans)

    def _applies(self, name: str, of_type: GraphQLObjectType) -> bool:
        if name == of_type.name:
            return True
        abstract = self.schema.type_map[name]
        return isinstance(
            abstract, GraphQLInterfaceType | GraphQLUnionType
        ) and self.schema.is_sub_type(abstract, of_type)

    def _included(self, selection: Any) -> bool:
        if not selection.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, selection, self.variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, selection, self.variables)
        return not (include and not include["if"])
