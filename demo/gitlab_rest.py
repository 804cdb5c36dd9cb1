"""The request as GitLab's endpoints see it: routes, parameters and their refusals.

Refusals are worded as GitLab words them: Grape's own checks answer {"error": …} (lib/api/helpers.rb
of the public source), everything else {"message": …}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.gitlab_catalog import Catalog, Node, ProjectView, payload, stamp


class RestError(Exception):
    """A refusal: status, text, and the key of the text (`message` or `error`)."""

    def __init__(self, status: int, text: str, key: str = "message") -> None:
        super().__init__(text)
        self.status, self.key = status, key


def not_found(what: str = "") -> RestError:
    """404 Project Not Found, …; without a word as for a missing record."""
    return RestError(404, f"404 {what} Not Found" if what else "404 Not found")


def forbidden() -> RestError:
    """What GitLab says when a feature is off or the role too small."""
    return RestError(403, "403 Forbidden")


def bad_parameter(name: str, reason: str = "does not have a valid value") -> RestError:
    """Grape's refusal of a parameter."""
    return RestError(400, f"{name} {reason}", "error")


@dataclass
class Listed:
    """A list to be paged: rows, how to show one, and how GitLab pages it."""

    rows: Sequence[Any]
    show: Callable[[Any], Any] | None = None
    keyset: str | None = None  # class of the objects if keyset paging is offered for them
    keyset_orders: tuple[str, ...] = ()  # columns it is offered for
    keyset_directions: tuple[str, ...] = ("asc", "desc")
    is_cursor: bool = True  # else the next page is told by id_after / id_before
    is_counted: bool = True  # False: X-Total is never given
    is_limited: bool = True  # False: the offset may be as large as you like


@dataclass
class Asked:
    """The request, as far as an endpoint sees it."""

    catalog: Catalog
    query: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]  # parameters written name[]=…, by name
    base: str  # address of the API with /api/v4
    has_user: bool = True

    def text(self, name: str, default: str | None = None) -> str | None:
        """A parameter, or the default if it is missing or empty."""
        return self.query.get(name) or default

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """A parameter that must be one of the choices, in Grape's words if not."""
        value = self.query.get(name, default)
        if value not in choices:
            raise bad_parameter(name)
        return value

    def flag(self, name: str, default: bool | None = False) -> bool | None:
        """A boolean parameter."""
        value = self.query.get(name)
        if value is None or value == "":
            return default
        if value.lower() in ("true", "1", "t", "yes", "on"):
            return True
        if value.lower() in ("false", "0", "f", "no", "off"):
            return False
        raise bad_parameter(name, "is invalid")

    def number(self, name: str) -> int | None:
        """A whole number."""
        value = self.query.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except ValueError:
            raise bad_parameter(name, "is invalid") from None

    def moment(self, name: str) -> datetime | None:
        """A point in time; a plus sign that was not encoded arrives as a space and is refused."""
        value = self.query.get(name)
        if not value:
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise bad_parameter(name, "is invalid") from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def stamp(self, name: str) -> str | None:
        """A point in time written as the payloads write it."""
        return stamp(self.moment(name))

    def order(self, columns: Sequence[str], column: str, direction: str) -> tuple[str, bool]:
        """order_by and sort: the column, and whether it descends."""
        field = self.choice("order_by", columns, column)
        return field, self.choice("sort", ("asc", "desc"), direction) == "desc"

    def group(self, text: str) -> Node:
        """The group of an id or path; 404 if it cannot be seen."""
        found = self.catalog.group(text)
        if found is None or not (self.has_user or found["visibility"] == "public"):
            raise not_found("Group")
        return found

    def project(self, text: str, feature: str | None = None) -> ProjectView:
        """The project of an id or path; 404 if it cannot be seen, 403 if the feature is off."""
        catalog = self.catalog
        view = catalog.project(int(text)) if text.isdigit() else catalog.project_of_path(text)
        if (
            view is None
            or not catalog.is_there(view)
            or not (self.has_user or view.node["visibility"] == "public")
        ):
            raise not_found("Project")
        if feature and view.node.get(f"{feature}_access_level", "enabled") == "disabled":
            raise not_found("Repository") if feature == "repository" else forbidden()
        return view

    def row(self, view: ProjectView, kind: str, text: str, field: str = "id") -> Node:
        """The row of an id (or iid); 404 if there is none."""
        if not text.isdigit():
            raise bad_parameter({"merge_requests": "merge_request_iid", "issues": "issue_iid"}.get(
                kind, kind.removesuffix("s") + "_id"), "is invalid")  # fmt: skip
        found = view.find(kind, int(text), field)
        if found is None:
            raise not_found()
        return found


def shown(node: Node) -> Node:
    """The payload without what only we know."""
    return {key: value for key, value in payload(node).items() if key[0] != "_"}


Endpoint = Callable[..., Any]
_ROUTES: dict[int, list[tuple[tuple[str | None, ...], Endpoint, bool]]] = {}


def route(path: str, needs_user: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint; `:name` stands for one part of the path (%2F does not part it)."""
    parts = tuple(None if part.startswith(":") else part for part in path.split("/"))

    def register(endpoint: Endpoint) -> Endpoint:
        _ROUTES.setdefault(len(parts), []).append((parts, endpoint, needs_user))
        return endpoint

    return register


def answer(asked: Asked, parts: Sequence[str]) -> Any:
    """What a GET gives: JSON-ready, or a `Listed`; RestError if it cannot be."""
    for pattern, endpoint, needs_user in _ROUTES.get(len(parts), ()):
        if all(want is None or want == got for want, got in zip(pattern, parts, strict=True)):
            if needs_user and not asked.has_user:
                raise RestError(401, "401 Unauthorized")
            pairs = zip(pattern, parts, strict=True)
            return endpoint(asked, *(got for want, got in pairs if want is None))
    raise RestError(404, "404 Not Found", "error")


def kind_of(parts: Sequence[str]) -> str:
    """The path with ids and names taken out, for counting requests."""
    for pattern, _, _ in _ROUTES.get(len(parts), ()):
        if all(want is None or want == got for want, got in zip(pattern, parts, strict=True)):
            return "/" + "/".join(want or "*" for want in pattern)
    return "/?"
