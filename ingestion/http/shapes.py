"""Which fields replies have, and of what JSON type: names and types only, never a value."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Of a list so many entries are looked at: a field that drifts does so everywhere.
_SAMPLE = 20
_DEEPEST = 16
# Documents and maps whose keys are data, not fields.
_OPAQUE = {"description", "body", "content", "attrs", "properties", "names", "schema", "avatarUrls"}
_DIGITS = re.compile(r"\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d$")


@dataclass
class Seen:
    """What was seen of one field."""

    count: int = 0
    """Of the entries looked at, those that had it, null or not."""
    objects: int = 0
    """How often it was an object itself."""
    types: set[str] = field(default_factory=set)
    """time, date, text, number, boolean, object, array; nulls and empty texts have none."""


class Shapes:
    """What the replies of a client looked like, by endpoint and field (`[].author.username`);
    thread-safe."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, Seen]] = {}
        self._lock = threading.Lock()

    def meet(self, endpoint: str, data: Any) -> None:
        """Takes down the shape of a reply: of a list its first entries."""
        if not isinstance(data, dict | list):
            return
        with self._lock:
            _walk(self._seen.setdefault(endpoint, {}), "", data, 0)

    def take(self) -> dict[str, dict[str, Seen]]:
        """What was seen so far, by endpoint and field; starts anew."""
        with self._lock:
            found, self._seen = self._seen, {}
        return found


def asked_shape(params: Mapping[str, Any] | None, body: Any) -> str:
    """What of a request decides which fields come back, to be added to the endpoint: parameters and
    GraphQL variables that are switches, and `view`."""
    variables = body.get("variables") if isinstance(body, dict) else None
    asked = {**(params or {}), **(variables if isinstance(variables, dict) else {})}
    switches = (
        f"{name}={str(value).lower()}"
        for name, value in sorted(asked.items())
        if name == "view" or str(value).lower() in ("true", "false")
    )
    found = "&".join(switches)
    return f"?{found}" if found else ""


def parent(path: str) -> str:
    """The path of the object that a field is of."""
    return path.rpartition(".")[0]


def _walk(seen: dict[str, Seen], path: str, value: Any, depth: int) -> None:
    known = seen.setdefault(path, Seen())
    known.count += 1
    if isinstance(value, dict):
        known.objects += 1
        known.types.add("object")
        if depth < _DEEPEST and path.rpartition(".")[2] not in _OPAQUE:
            for name, item in value.items():
                # Aliases and custom fields are numbered: r0, customfield_10020.
                _walk(seen, f"{path}.{_DIGITS.sub('#', str(name))}", item, depth + 1)
    elif isinstance(value, list):
        known.types.add("array")
        for item in value[:_SAMPLE]:
            _walk(seen, f"{path}[]", item, depth + 1)
    elif (kind := _kind(value)) is not None:
        known.types.add(kind)


def _kind(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if _TIME.match(value):
        return "time"
    return "date" if _DATE.match(value) else "text"
