"""A repository as the list of repositories shows it: enough to tell what has to be read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.github import rows

# What a few requests bring, whatever its age. Commits and workflow runs are not counted, but go
# with the pull requests.
_SMALL = {"pull_requests": 100, "issues": 300, "deployments": 300, "releases": 300, "tags": 300}


def is_small(counts: Mapping[str, int | None]) -> bool:
    """Whether all lists (by table) are known to be short."""
    lengths = [(counts.get(name), most) for name, most in _SMALL.items()]
    return all(length is not None and length <= most for length, most in lengths)


@dataclass(frozen=True)
class Repository:
    """One repository, with signatures that stay equal while a list does not change."""

    id: str
    full_name: str
    head_sha: str | None
    default_branch: str | None
    is_archived: bool
    size: int
    """Pull requests and issues together: what takes longest to read comes first."""
    signatures: dict[str, str | None]
    """By list; None where GitHub could not tell."""
    pushed_at: str | None = None
    counts: dict[str, int | None] = field(default_factory=dict)
    """How long its lists are, by table; None where GitHub could not tell."""

    @property
    def fingerprint(self) -> str | None:
        """Changes when anything does that the list of repositories shows; None if it can't."""
        if None in self.signatures.values():
            return None
        shown = [self.pushed_at, self.head_sha, self.default_branch, self.signatures]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]

    @property
    def is_small(self) -> bool:
        """Whether its lists are so short that all of its history is read at once."""
        return is_small(self.counts)

    @property
    def path(self) -> str:
        """Its path in REST."""
        return f"/repos/{self.full_name}"

    @classmethod
    def from_node(cls, node: Mapping[str, Any]) -> Repository:
        """From a node of queries/repositories.graphql."""
        branch = node.get("defaultBranchRef") or {}
        lists = {
            "pull_requests": node.get("pullRequests"),
            "issues": node.get("issues"),
            "releases": node.get("releases"),
            "tags": node.get("refs"),
            "deployments": node.get("deployments"),
            "labels": node.get("labels"),
        }
        counts = {name: (found or {}).get("totalCount") for name, found in lists.items()}
        return cls(
            id=node["id"],
            full_name=node["nameWithOwner"],
            head_sha=(branch.get("target") or {}).get("oid"),
            default_branch=branch.get("name"),
            is_archived=bool(node.get("isArchived")),
            size=(counts["pull_requests"] or 0) + (counts["issues"] or 0),
            counts=counts,
            pushed_at=node.get("pushedAt"),
            signatures={name: _signature(found) for name, found in lists.items()},
        )


def _signature(connection: Mapping[str, Any] | None) -> str | None:
    """How many there are and what the newest are, in a short text."""
    if connection is None:
        return None
    parts = [str(connection.get("totalCount"))]
    for node in rows.nodes(connection):
        values = [node.get("id"), node.get("name"), node.get("updatedAt")]
        values.append((node.get("target") or {}).get("oid"))
        parts.append("@".join(str(value) for value in values if value))
    return " ".join(parts)
