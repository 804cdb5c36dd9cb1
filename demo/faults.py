"""Faults on purpose: rules that spoil the next replies to matching requests.

A rule is a JSON object, all keys optional:
  path, method   regular expression on the path with its query, HTTP method
  query          text contained in a GraphQL request's body
  skip, times    let so many matching requests pass first; then spoil so many (default 1, null: all)
  delay          seconds to wait before anything else
  status, headers, body   the reply to give instead (body: text, or JSON to be dumped)
  action         cut (the body ends in the middle), garbage (no JSON), close (no reply at all),
                 secondary (secondary rate limit), limit (primary rate limit exceeded)
  replace        [pattern, replacement] applied to the true reply's text
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_KEYS = {
    "path", "method", "query", "skip", "times", "delay", "status", "headers", "body", "action",
    "replace",
}  # fmt: skip
_ACTIONS = {None, "cut", "garbage", "close", "secondary", "limit"}


class FaultError(ValueError):
    """A rule that cannot be understood."""


@dataclass
class Fault:
    """One rule and what is left of it."""

    path: re.Pattern[str] | None = None
    method: str | None = None
    query: str | None = None
    skip: int = 0
    times: int | None = 1
    delay: float = 0.0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    action: str | None = None
    replace: tuple[re.Pattern[str], str] | None = None
    hits: int = 0

    @classmethod
    def parse(cls, rule: Any) -> Fault:
        """A rule from its JSON; FaultError if it is not one."""
        if not isinstance(rule, dict) or set(rule) - _KEYS:
            raise FaultError(f"not a fault: {rule!r}; keys: {', '.join(sorted(_KEYS))}")
        if rule.get("action") not in _ACTIONS:
            raise FaultError(f"no such action: {rule['action']!r}")
        body = rule.get("body")
        replace = rule.get("replace")
        return cls(
            re.compile(rule["path"]) if rule.get("path") else None,
            rule.get("method"),
            rule.get("query"),
            int(rule.get("skip", 0)),
            rule.get("times", 1),
            float(rule.get("delay", 0)),
            rule.get("status"),
            {str(key): str(value) for key, value in rule.get("headers", {}).items()},
            body if isinstance(body, str) or body is None else json.dumps(body),
            rule.get("action"),
            (re.compile(replace[0]), replace[1]) if replace else None,
        )

    def matches(self, method: str, path: str, body: str) -> bool:
        """Whether it is this rule's turn; counts the request."""
        if self.times is not None and self.times <= 0:
            return False
        if self.method and self.method != method:
            return False
        if self.path and not self.path.search(path):
            return False
        if self.query and self.query not in body:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        self.hits += 1
        return True


def first_match(faults: list[Fault], method: str, path: str, body: str) -> Fault | None:
    """The first rule whose turn it is."""
    return next((one for one in faults if one.matches(method, path, body)), None)
