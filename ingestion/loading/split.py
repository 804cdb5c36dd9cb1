"""Which repositories are split into several services by paths."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable

from ingestion.settings import Settings


def is_split(settings: Settings, connection: str) -> Callable[[str], bool]:
    """Tells of a repository's full name whether a service of the settings takes a path inside it.

    Names are matched as `services.repositories` are: globs, letter case ignored, with the name of
    the connection before them or not.
    """
    globs = {name.lower() for service in settings.services for name in service.paths}

    def wanted(full_name: str) -> bool:
        names = (full_name.lower(), f"{connection}:{full_name}".lower())
        return any(fnmatch.fnmatchcase(name, glob) for glob in globs for name in names)

    return wanted
