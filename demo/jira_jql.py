"""A subset of JQL: text to a condition on issues and an order, with Jira's refusals.

Source: Atlassian's "JQL fields", "JQL operators" and "Use advanced search" pages. Times are
milliseconds when given as a number; as text they have minutes at most and are read in the
account's time zone. Fields: project, id and key, created, updated, resolved, duedate, issuetype,
status, statusCategory, priority, resolution, labels, component, fixVersion, assignee, reporter,
creator, parent, sprint, summary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from demo.jira_catalog import JiraCatalog
from demo.jira_jql_fields import (
    Comparison,
    Condition,
    JqlError,
    Ordering,
    Value,
    condition_of,
    ordering_of,
)

__all__ = ["JqlError", "Query", "compiled"]

MOST_ORDERINGS = 7
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<operator>>=|<=|!=|!~|=|<|>|~|\(|\)|,)|(?P<word>[^\s()<>=!~,"']+))""",
    re.VERBOSE,
)
_OPERATORS = "'=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'"


@dataclass
class Query:
    """What a text asks for; no condition: everything."""

    condition: Condition | None
    ordering: list[Ordering]


@dataclass
class _Token:
    text: str
    kind: str
    at: int

    @property
    def word(self) -> str:
        """In small letters, unless it was quoted."""
        return "" if self.kind == "quoted" else self.text.lower()


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise JqlError(
                "Error in the JQL Query: The quoted string has not been completed. "
                f"(line 1, character {position + 1})"
            )
        kind = str(match.lastgroup)
        value = match.group(kind)
        if kind == "quoted":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found.append(_Token(value, kind, match.start(kind) + 1))
        position = match.end()
    return found


class _Parser:
    def __init__(self, text: str, catalog: JiraCatalog) -> None:
        self.tokens, self.place, self.catalog = _tokens(text), 0, catalog

    def peek(self, ahead: int = 0) -> str:
        place = self.place + ahead
        return self.tokens[place].word if place < len(self.tokens) else ""

    def ended(self) -> bool:
        return self.place >= len(self.tokens)

    def take(self, wanted: str) -> _Token:
        if self.ended():
            raise JqlError(f"Error in the JQL Query: Expecting {wanted} at the end of the query.")
        self.place += 1
        return self.tokens[self.place - 1]

    def expect(self, text: str) -> None:
        token = self.take(f"'{text}'")
        if token.word != text:
            raise self.unexpected(f"'{text}'", token)

    def unexpected(self, wanted: str, token: _Token) -> JqlError:
        return JqlError(
            f"Error in the JQL Query: Expecting {wanted} but got '{token.text}'. "
            f"(line 1, character {token.at})"
        )

    def query(self) -> Query:
        condition = None
        if not self.ended() and self.peek() != "order":
            condition = self.either()
        ordering = self.ordering() if self.peek() == "order" else []
        if not self.ended():
            raise self.unexpected("either 'OR' or 'AND'", self.take(""))
        return Query(condition, ordering)

    def either(self) -> Condition:
        return self.joined("or", lambda: self.joined("and", self.negated))

    def joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self.peek() == word:
            self.place += 1
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        if word == "or":
            return lambda issue: any(one(issue) for one in parts)
        return lambda issue: all(one(issue) for one in parts)

    def negated(self) -> Condition:
        if self.peek() in ("not", "!"):
            self.place += 1
            inner = self.negated()
            return lambda issue: not inner(issue)
        if self.peek() == "(":
            self.place += 1
            inner = self.either()
            self.expect(")")
            return inner
        return self.clause()

    def clause(self) -> Condition:
        field = self.take("a field name")
        if field.kind == "operator" or field.word in ("and", "or", "order", "by", "in", "is"):
            raise self.unexpected("a field name", field)
        operator = self.operator()
        values = self.values() if operator in ("in", "not in") else [self.value()]
        return condition_of(Comparison(field.text, operator, values), self.catalog)

    def operator(self) -> str:
        token = self.take("operator")
        word = token.word
        if word == "not" and self.peek() == "in":
            self.place += 1
            return "not in"
        if word == "is" and self.peek() == "not":
            self.place += 1
            return "is not"
        if word in ("in", "is", "=", "!=", "<", ">", "<=", ">=", "~", "!~"):
            return word
        raise JqlError(
            f"Error in the JQL Query: Expecting operator but got '{token.text}'. "
            f"The valid operators are {_OPERATORS}. (line 1, character {token.at})"
        )

    def values(self) -> list[Value]:
        if self.peek() != "(":
            return [self.value()]  # a function may stand for the list
        self.place += 1
        found = [self.value()]
        while self.peek() == ",":
            self.place += 1
            found.append(self.value())
        self.expect(")")
        return found

    def value(self) -> Value:
        wanted = "either a value, list or function"
        token = self.take(wanted)
        if token.kind == "operator" or token.word in ("and", "or", "order"):
            raise self.unexpected(wanted, token)
        if token.kind == "word" and self.peek() == "(":
            self.place += 1
            self.expect(")")
            return Value(token.text.lower(), is_function=True)
        return Value(token.text, is_quoted=token.kind == "quoted")

    def ordering(self) -> list[Ordering]:
        self.place += 1
        self.expect("by")
        found = []
        while True:
            field = self.take("a field name")
            direction = self.peek()
            is_descending = direction == "desc"
            if direction in ("asc", "desc"):
                self.place += 1
            found.append(ordering_of(field.text, is_descending))
            if self.peek() != ",":
                break
            self.place += 1
        if len(found) > MOST_ORDERINGS:
            raise JqlError(f"JQL can be ordered by at most {MOST_ORDERINGS} fields.")
        return found


def compiled(text: str, catalog: JiraCatalog) -> Query:
    """The query a text stands for; JqlError if the site would refuse it."""
    return _Parser(text, catalog).query()
