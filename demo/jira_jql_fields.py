"""What the fields of JQL mean: comparisons to conditions on issues, and orders to sort keys."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from demo.jira_catalog import JiraCatalog, JiraIssue, milliseconds, parsed

Condition = Callable[[JiraIssue], bool]
_UNITS = {"m": 1, "h": 60, "d": 1440, "w": 10080}
_PERIOD = re.compile(r"^([+-]?)((?:\d+[wdhm]\s*)+)$")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class JqlError(Exception):
    """A query that Jira answers with 400; the text is its message."""


@dataclass
class Value:
    """One operand: a text, or a function without arguments."""

    text: str
    is_quoted: bool = False
    is_function: bool = False

    @property
    def is_empty(self) -> bool:
        """The word EMPTY or NULL."""
        plain = not self.is_quoted and not self.is_function
        return plain and self.text.lower() in ("empty", "null")


@dataclass
class Comparison:
    """A clause: field, operator in small letters, operands."""

    field: str
    operator: str
    values: list[Value]


@dataclass
class Ordering:
    """A part of ORDER BY."""

    value: Callable[[JiraIssue], Any]  # something JSON can hold
    is_descending: bool


def condition_of(clause: Comparison, catalog: JiraCatalog) -> Condition:
    """The condition of a clause; JqlError for what the site does not know."""
    name = clause.field.lower()
    if clause.operator in ("is", "is not") and not all(one.is_empty for one in clause.values):
        raise JqlError(
            f"The operator '{clause.operator}' only supports the operands 'empty' and 'null'."
        )
    if name == "project":
        return _project(clause, catalog)
    if name in ("id", "key", "issue", "issuekey"):
        return _identity(clause, catalog)
    if name in _DATES:
        return _date(clause, catalog, _DATES[name])
    if name in _TEXTS:
        return _text(clause, _TEXTS[name])
    if name == "sprint" or name in _VALUES:
        return _member(clause, catalog, name)
    raise JqlError(
        f"Field '{clause.field}' does not exist or you do not have permission to view it."
    )


def _field(name: str) -> Callable[[JiraIssue], Any]:
    return lambda issue: issue.fields().get(name)


def _resolved(issue: JiraIssue) -> int | None:
    text = issue.fields().get("resolutiondate")
    return parsed(text) if text else None


_DATES: dict[str, Callable[[JiraIssue], int | None]] = {
    "created": lambda issue: issue.created, "createddate": lambda issue: issue.created,
    "updated": lambda issue: issue.updated, "updateddate": lambda issue: issue.updated,
    "resolved": _resolved, "resolutiondate": _resolved,
}  # fmt: skip
_TEXTS = {"summary": "summary"}
_NAMED = {"issuetype": "issuetype", "type": "issuetype", "status": "status",
          "priority": "priority", "resolution": "resolution"}  # fmt: skip
_PEOPLE = ("assignee", "reporter", "creator")
_LISTS = {"component": "components", "fixversion": "fixVersions"}


def _names(*nodes: Any) -> set[str]:
    """All that JQL accepts for a thing: id and name."""
    return {
        str(node[part]).lower()
        for node in nodes
        if node
        for part in ("id", "name", "untranslatedName")
        if node.get(part) is not None
    }


Values = Callable[[JiraIssue], set[str]]


def _of_thing(field: str) -> Values:
    return lambda issue: _names(issue.fields().get(field))


def _of_person(field: str) -> Values:
    def values(issue: JiraIssue) -> set[str]:
        person = issue.fields().get(field)
        return {person["accountId"].lower()} if person else set()

    return values


def _of_list(field: str) -> Values:
    return lambda issue: _names(*(issue.fields().get(field) or ()))


def _labels(issue: JiraIssue) -> set[str]:
    return {one.lower() for one in issue.fields().get("labels") or ()}


def _category(issue: JiraIssue) -> set[str]:
    category = (issue.fields().get("status") or {}).get("statusCategory") or {}
    return _names(category) | {str(category.get("key"))}


def _parent(issue: JiraIssue) -> set[str]:
    parent = issue.fields().get("parent")
    return {str(parent["id"]), parent["key"].lower()} if parent else set()


_VALUES: dict[str, Values] = {
    "labels": _labels,
    "statuscategory": _category,
    "parent": _parent,
    **{name: _of_thing(field) for name, field in _NAMED.items()},
    **{name: _of_person(name) for name in _PEOPLE},
    **{name: _of_list(field) for name, field in _LISTS.items()},
}


def _values(name: str, catalog: JiraCatalog) -> Values:
    if name != "sprint":
        return _VALUES[name]
    return lambda issue: _names(*(catalog.sprints_by_id.get(one) for one in issue.sprint_ids))


def _member(clause: Comparison, catalog: JiraCatalog, name: str) -> Condition:
    values = _values(name, catalog)
    wanted: set[str] = set()
    with_empty = False
    for value in clause.values:
        if value.is_empty:
            with_empty = True
        elif value.is_function:
            wanted |= _function(value.text, catalog, name)
        else:
            wanted.add(_known(value.text, clause.field, catalog, name))
    if clause.operator not in ("=", "!=", "in", "not in", "is", "is not"):
        raise JqlError(
            f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        )
    if clause.operator in ("=", "in", "is"):
        return lambda issue: _matches(values(issue), wanted, with_empty)

    def other(issue: JiraIssue) -> bool:
        # An empty field matches neither `= x` nor `!= x`.
        found = values(issue)
        return bool(found) and not found & wanted

    return other


def _matches(found: set[str], wanted: set[str], with_empty: bool) -> bool:
    return bool(found & wanted) or (with_empty and not found)


def _function(name: str, catalog: JiraCatalog, field: str) -> set[str]:
    if name == "currentuser" and field in _PEOPLE:
        return {catalog.viewer["accountId"].lower()}
    states = {"opensprints": "active", "closedsprints": "closed", "futuresprints": "future"}
    if name in states and field == "sprint":
        return {str(one["id"]) for one in catalog.sprints if one["state"] == states[name]}
    raise JqlError(f"Unable to find JQL function '{name}()'.")


def _known(text: str, field: str, catalog: JiraCatalog, name: str) -> str:
    """The value in small letters; JqlError if the site has no such type, status or priority."""
    lists = {"issuetype": catalog.issue_types, "type": catalog.issue_types,
             "status": catalog.statuses, "priority": catalog.priorities}  # fmt: skip
    if name in lists:
        there = _names(*(one for one in lists[name] if not one.get("_deleted")))
        if text.lower() not in there:
            raise JqlError(f"The value '{text}' does not exist for the field '{field}'.")
    return text.lower()


def _project(clause: Comparison, catalog: JiraCatalog) -> Condition:
    wanted = set()
    for value in clause.values:
        if value.is_empty:
            continue
        project = catalog.project(value.text)
        if project is None:
            raise JqlError(
                f"The value '{value.text}' does not exist for the field '{clause.field}'."
            )
        wanted.add(str(project["id"]))
    if clause.operator in ("=", "in"):
        return lambda issue: issue.project_id in wanted
    if clause.operator in ("!=", "not in"):
        return lambda issue: issue.project_id not in wanted
    if clause.operator == "is not":
        return lambda issue: True
    raise JqlError(f"The operator '{clause.operator}' is not supported by the 'project' field.")


def _identity(clause: Comparison, catalog: JiraCatalog) -> Condition:
    found: list[JiraIssue] = []
    compare = _COMPARE.get(clause.operator)
    if compare is not None and clause.operator not in ("=", "!="):
        text = clause.values[0].text
        if text.isdecimal():
            number = int(text)
            return lambda issue: compare(issue.id, number)
        project, _, digits = text.upper().rpartition("-")
        if not project or not digits.isdecimal():
            raise JqlError(f"The issue key '{text}' for field '{clause.field}' is invalid.")
        least = (project, int(digits))
        return lambda issue: issue.place[0] == project and compare(issue.place, least)
    for value in clause.values:
        issue = catalog.issue(value.text)
        if issue is None:
            if value.text.isdecimal():
                raise JqlError(
                    f"A value with ID '{value.text}' does not exist for the field '{clause.field}'."
                )
            raise JqlError(
                f"An issue with key '{value.text}' does not exist for field '{clause.field}'."
            )
        found.append(issue)
    identities = frozenset(one.id for one in found)
    if clause.operator in ("=", "in"):
        return lambda issue: issue.id in identities
    if clause.operator in ("!=", "not in"):
        return lambda issue: issue.id not in identities
    raise JqlError(f"The operator '{clause.operator}' is not supported by the 'issue' field.")


def _text(clause: Comparison, field: str) -> Condition:
    words = clause.values[0].text.lower().replace("*", "").split()
    if clause.operator not in ("~", "!~"):
        raise JqlError(
            f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        )
    is_wanted = clause.operator == "~"

    def contains(issue: JiraIssue) -> bool:
        text = str(issue.fields().get(field) or "").lower()
        return all(word in text for word in words) == is_wanted

    return contains


def _date(
    clause: Comparison, catalog: JiraCatalog, value_of: Callable[[JiraIssue], int | None]
) -> Condition:
    if clause.operator in ("is", "is not"):
        is_wanted = clause.operator == "is"
        return lambda issue: (value_of(issue) is None) == is_wanted
    if clause.operator in ("in", "not in"):
        moments = {_moment(one, clause.field, catalog) for one in clause.values}
        is_in = clause.operator == "in"
        return lambda issue: (value_of(issue) in moments) == is_in
    compare = _COMPARE.get(clause.operator)
    if compare is None:
        raise JqlError(
            f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        )
    at = _moment(clause.values[0], clause.field, catalog)

    def compared(issue: JiraIssue) -> bool:
        value = value_of(issue)
        return value is not None and compare(value, at)

    return compared


def _moment(value: Value, field: str, catalog: JiraCatalog) -> int:
    """Milliseconds since 1970 of a date in a query."""
    text = value.text.strip()
    local = catalog.now.astimezone(catalog.zone)
    if value.is_function:
        if text == "now":
            return milliseconds(local)
        if text == "startofday":
            return milliseconds(local.replace(hour=0, minute=0, second=0, microsecond=0))
        raise JqlError(f"Unable to find JQL function '{value.text}()'.")
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    period = _PERIOD.match(text)
    if period:
        minutes = sum(
            int(part[:-1]) * _UNITS[part[-1]] for part in re.findall(r"\d+[wdhm]", period[2])
        )
        sign = -1 if period[1] == "-" else 1
        return milliseconds(catalog.now + sign * timedelta(minutes=minutes))
    plain = text.replace("/", "-")
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            wall = datetime.strptime(plain, form)
        except ValueError:
            continue
        return milliseconds(wall.replace(tzinfo=catalog.zone))
    raise JqlError(
        f"Date value '{value.text}' for field '{field}' is invalid. Valid formats include: "
        "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format "
        "e.g. '-5d', '4w 2d'."
    )


def _place(issue: JiraIssue) -> list[Any]:
    return list(issue.place)


def _name_in(field: str) -> Callable[[JiraIssue], Any]:
    return lambda issue: (issue.fields().get(field) or {}).get("name")


_ORDERS: dict[str, Callable[[JiraIssue], Any]] = {
    **_DATES,
    **dict.fromkeys(("id", "key", "issue", "issuekey"), _place),
    "rank": lambda issue: issue.id,
    "summary": _field("summary"),
    "duedate": _field("duedate"),
    **{name: _name_in(field) for name, field in {**_NAMED, "project": "project"}.items()},
}


def ordering_of(name: str, is_descending: bool) -> Ordering:
    """How to order by a field; JqlError if that can't be."""
    value = _ORDERS.get(name.lower())
    if value is None:
        raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
    return Ordering(value, is_descending)


class _Reversed:
    """Turns an order round, for values that cannot be negated."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(self.value == other.value)


def sort_key(values: Iterable[Any], ordering: list[Ordering], identity: int) -> tuple[Any, ...]:
    """A key to sort by: the values in their directions, then the id; empty comes last."""
    parts: list[Any] = []
    for value, one in zip(values, ordering, strict=True):
        parts.append(value is None)
        if value is None:
            parts.append(0)
        elif one.is_descending:
            parts.append(-value if isinstance(value, int | float) else _Reversed(value))
        else:
            parts.append(value)
    return (*parts, identity)
