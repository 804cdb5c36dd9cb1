"""A project as the list of projects shows it: enough to tell what has to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A list by the name of its table, and the settings that say whether the feature is on: the level
# of access, and the flag of older servers.
_SWITCHES = {
    "commits": ("repository_access_level", None),
    "tags": ("repository_access_level", None),
    "merge_requests": ("merge_requests_access_level", "merge_requests_enabled"),
    "issues": ("issues_access_level", "issues_enabled"),
    "pipelines": ("builds_access_level", "jobs_enabled"),
    "jobs": ("builds_access_level", "jobs_enabled"),
    "releases": ("releases_access_level", None),
    "environments": ("environments_access_level", None),
    "deployments": ("environments_access_level", None),
}


@dataclass(frozen=True)
class Project:
    """One project of a group."""

    number: int
    full_name: str
    default_branch: str | None
    is_archived: bool
    last_activity_at: str | None
    switches: Mapping[str, bool | None]
    """By list: whether its feature is on; None where GitLab did not say."""

    @property
    def id(self) -> str:
        """Its key in the state."""
        return str(self.number)

    @property
    def path(self) -> str:
        """Its path in REST."""
        return f"/projects/{self.number}"

    def may_have(self, name: str) -> bool:
        """Whether a list is worth asking for."""
        return self.switches.get(name) is not False

    @classmethod
    def from_node(cls, node: Mapping[str, Any]) -> Project:
        """From an entry of the list of projects."""
        return cls(
            number=node["id"],
            full_name=node["path_with_namespace"],
            default_branch=None if node.get("empty_repo") else node.get("default_branch") or None,
            is_archived=bool(node.get("archived")),
            last_activity_at=node.get("last_activity_at"),
            switches={name: _is_on(node, *keys) for name, keys in _SWITCHES.items()},
        )


def _is_on(node: Mapping[str, Any], level: str, flag: str | None) -> bool | None:
    if node.get(level) is not None:
        return bool(node[level] != "disabled")
    return None if flag is None else node.get(flag)
