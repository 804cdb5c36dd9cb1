"""Which fields replies have, and of what JSON type: names and types only, never a value."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

# Of a list so many entries are looked at: a field that drifts does so everywhere.
_SAMPLE = 20
_DEEPEST = 16
# Documents and maps whose keys are data, not fields.
_OPAQUE = {"description", "body", "content", "attrs", "properties", "names", "schema", "avatarUrls"}
_DIGITS = re.compile(r"\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d$")


@dataclass(slots=True)
class Seen:
    """What was seen of one field."""

    count: int = 0
    """Of the entries looked at, those that had it, null or not."""
    objects: int = 0
    """How often it was an object itself."""
    types: set[str] = field(default_factory=set)
    """time, date, text, number, boolean, object, array; nulls and empty texts have none."""


class _Node(Seen):
    """What was seen of one field, and of what is in it. A tree: paths are put together once, when
    they are asked for, not at every field of every reply."""

    __slots__ = ("_by_name", "is_opaque", "item")

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.is_opaque = name.rpartition(".")[2] in _OPAQUE
        self.item: _Node | None = None
        self._by_name: dict[str, _Node] = {}

    def child(self, name: str) -> _Node:
        """The field of this name. Aliases and custom fields are numbered: r0, customfield_10020."""
        found = self._by_name.get(name)
        if found is None:
            plain = _DIGITS.sub("#", name)
            found = self._by_name.get(plain) or _Node(plain)
            self._by_name[plain] = self._by_name[name] = found
        return found

    def paths(self, path: str = "") -> Iterator[tuple[str, Seen]]:
        """This field and all in it, with their paths."""
        yield path, self
        if self.item is not None:
            yield from self.item.paths(f"{path}[]")
        for name, child in self._by_name.items():
            if _DIGITS.search(name) is None:
                yield from child.paths(f"{path}.{name}")


class Shapes:
    """What the replies of a client looked like, by endpoint and field (`[].author.username`);
    thread-safe."""

    def __init__(self) -> None:
        self._seen: dict[str, _Node] = {}
        self._lock = threading.Lock()

    def meet(self, endpoint: str, data: Any) -> None:
        """Takes down the shape of a reply: of a list its first entries."""
        if not isinstance(data, dict | list):
            return
        with self._lock:
            _walk(self._seen.setdefault(endpoint, _Node()), data, 0)

    def take(self) -> dict[str, dict[str, Seen]]:
        """What was seen so far, by endpoint and field; starts anew."""
        with self._lock:
            found, self._seen = self._seen, {}
        return {endpoint: dict(node.paths()) for endpoint, node in found.items()}


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


def _walk(node: _Node, value: Any, depth: int) -> None:
    # Runs over every field of every reply: a third of a load's time before it was made so plain.
    node.count += 1
    if value is None:
        return
    if isinstance(value, str):
        # Among texts a time says no more.
        if value and "text" not in node.types:
            node.types.add(_kind(value))
    elif isinstance(value, dict):
        node.objects += 1
        node.types.add("object")
        if depth < _DEEPEST and not node.is_opaque:
            for name, item in value.items():
                _walk(node.child(name), item, depth + 1)
    elif isinstance(value, list):
        node.types.add("array")
        if value and node.item is None:
            node.item = _Node()
        for item in value[:_SAMPLE]:
            _walk(cast(_Node, node.item), item, depth + 1)
    else:
        node.types.add("boolean" if isinstance(value, bool) else "number")


def _kind(text: str) -> str:
    if not text[0].isdigit():
        return "text"
    if _TIME.match(text):
        return "time"
    return "date" if _DATE.match(text) else "text"
