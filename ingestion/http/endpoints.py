"""Names of endpoints: few of them, without names of people and repositories, or ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

_PLACEHOLDER = re.compile(r"\{\w+\}")
_HIDDEN = "{}"


class Endpoints:
    """Knows the paths that a client asks for as templates (`/users/{id}`), the first that fits
    counts. Of a path that fits none only the words of the templates are shown."""

    def __init__(self, templates: Sequence[str] = ()) -> None:
        self._templates = [(_pattern(template), template) for template in templates]
        self._words = {
            part
            for template in templates
            for part in template.split("/")
            if not _PLACEHOLDER.search(part)
        }
        self._template = lru_cache(maxsize=4096)(self._find)

    def name(self, method: str, url: str, base_url: str) -> str:
        """Method and template of an address, which may be a path below the base."""
        path = urlsplit(url).path if "://" in url else url.partition("?")[0]
        base = urlsplit(base_url).path.rstrip("/")
        if "://" in url and path.startswith(f"{base}/"):
            path = path.removeprefix(base)
        return f"{method} {self._template(path)}"

    def _find(self, path: str) -> str:
        for pattern, template in self._templates:
            if pattern.fullmatch(path):
                return template
        parts = path.split("/")
        return "/".join(part if part in self._words else _HIDDEN for part in parts)


def _pattern(template: str) -> re.Pattern[str]:
    """The template as a regular expression; a placeholder fits one part of a path."""
    parts = _PLACEHOLDER.split(template)
    return re.compile("[^/]+".join(map(re.escape, parts)))
