"""The documents: valid against GitHub's schema, and as cheap as the README says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
    validate,
)

from ingestion.github.documents import FOLDER, document, names, operation
from ingestion.github.reading import PAGE_SIZES


@pytest.mark.parametrize("name", names())
def test_document_is_valid_against_the_published_schema(name: str, schema: GraphQLSchema) -> None:
    assert [error.message for error in validate(schema, parse(document(name)))] == []


@pytest.mark.parametrize("name", names())
def test_document_is_valid_without_the_addresses_of_people(
    name: str, schema: GraphQLSchema
) -> None:
    text = document(name, emails=False)

    assert "PublicEmail" not in text
    assert [error.message for error in validate(schema, parse(text))] == []


@pytest.mark.parametrize("count", [2, 5])
def test_document_for_several_nodes_is_valid(count: int, schema: GraphQLSchema) -> None:
    text = document("pull_request_lists", count=count)

    assert [error.message for error in validate(schema, parse(text))] == []
    assert len(re.findall(r"^  n\d+: node\(id: \$id_\d+\) ", text, re.MULTILINE)) == count
    assert operation("pull_request_lists", count) == "PullRequestListsTogether"


def test_a_wrong_field_would_be_noticed(schema: GraphQLSchema) -> None:
    wrong = document("labels").replace("isDefault", "isDefalt")

    assert validate(schema, parse(wrong))


def test_each_operation_has_a_name_of_its_own() -> None:
    operations = [operation(name) for name in names()]

    assert len(set(operations)) == len(operations)


def points(name: str) -> int:
    """What a request costs by GitHub's formula: the requests that its lists need, over 100.

    docs.github.com/graphql/overview/rate-limits-and-query-limits, "Predicting the point value".
    """
    definitions = parse(document(name)).definitions
    fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
    sizes = PAGE_SIZES.get(name, {})

    def first(field: FieldNode) -> int | None:
        for argument in field.arguments:
            if argument.name.value == "first":
                if isinstance(argument.value, VariableNode):
                    return sizes[argument.value.name.value]
                assert isinstance(argument.value, IntValueNode)
                return int(argument.value.value)
        return 100 if field.name.value == "nodes" and field.arguments else None

    def cost(selections: SelectionSetNode | None, times: int) -> int:
        total = 0
        for selection in selections.selections if selections else ():
            if isinstance(selection, FragmentSpreadNode):
                total += cost(fragments[selection.name.value].selection_set, times)
            elif isinstance(selection, FieldNode) and (size := first(selection)) is not None:
                total += times + cost(selection.selection_set, times * size)
            else:
                total += cost(selection.selection_set, times)  # type: ignore[attr-defined]
        return total

    (query,) = [d for d in definitions if isinstance(d, OperationDefinitionNode)]
    return max(round(cost(query.selection_set, 1) / 100), 1)


def test_the_readme_tells_the_points_that_the_formula_gives() -> None:
    text = (FOLDER.parent / "README.md").read_text()
    table = dict.fromkeys(names(), 0)
    for row in re.findall(r"^\| (`.*?) \|.*\| (\d+) \|$", text, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", row[0]):
            table[name] = int(row[1])

    assert table == {name: points(name) for name in names()}


def test_every_document_is_named_in_the_readme_and_every_page_size_is_used() -> None:
    text = (FOLDER.parent / "README.md").read_text()

    assert [name for name in names() if f"`{name}`" not in text] == []
    for name, sizes in PAGE_SIZES.items():
        for variable in sizes:
            assert f"${variable}:" in document(name), Path(name)
