"""What happened on a hand-worked page, as rows of the marts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.transform.case_words import NOTHING, PageError, hours, moment, truth, word, words
from transform.schemas import INPUTS

Row = dict[str, Any]

LONG_AGO = datetime(2026, 2, 1, tzinfo=UTC)
_SERIES = re.compile(r"(\D+)(\d+) … \1(\d+)")


class Company:
    """The rows of the marts that the tables of a page stand for, in `marts` by table."""

    def __init__(self, page: str, title: str, tables: dict[str, list[Row]]) -> None:
        self.page, self.title, self.tables = page, title, tables
        self.marts: dict[str, list[Row]] = {name: [] for name in INPUTS}
        self.services: list[Row] = tables.get("Services") or [
            {"service": "shop", "repositories": "shop"}
        ]
        places = [place for row in self.services for place in words(row["repositories"])]
        self.repositories = list(dict.fromkeys(place.partition(":")[0] for place in places))
        self.names = {
            "service": {row["service"] for row in self.services},
            "repository": set(self.repositories),
            "team": {row["team"] for row in tables.get("Teams", [])},
            "commit": {row["commit"] for row in tables.get("Commits", [])},
            "pull request": {row["pull request"] for row in tables.get("Pull requests", [])},
            "deployment": {name for row in tables.get("Deployments", []) for name in _series(row)},
            "incident": {row["incident"] for row in tables.get("Incidents", [])},
        }

        self._write()

    def id(self, name: str) -> str:
        """The id of what is called so on this page; other pages use the same names."""
        return f"{self.page}/{name}"

    def _write(self) -> None:
        rows = self.marts
        rows["dim_organizations"].append({"organization_id": self.page, "name": self.title})
        rows["dim_developers"].append({"developer_id": self.id("bot"), "is_bot": True})
        for repository in self.repositories:
            rows["dim_repositories"].append(
                {
                    "repository_id": self.id(repository),
                    "organization_id": self.page,
                    "full_name": repository,
                }
            )
        for row in self.tables.get("Teams", []):
            rows["dim_teams"].append(
                {
                    "team_id": self.id(row["team"]),
                    "organization_id": self.page,
                    "name": row["team"],
                    "parent_team_id": self._one(row, "team", "parent"),
                }
            )
        for row in self.services:
            self._service(row)
        for name, add in (
            ("Commits", self._commit),
            ("Pull requests", self._pull_request),
            ("Deployments", self._deployment),
            ("Incidents", self._incident),
            ("References", self._reference),
            ("Reverts", self._revert),
            ("Fixes", self._fix),
        ):
            for row in self.tables.get(name, []):
                add(row)

    def _one(self, row: Row, kind: str, column: str | None = None) -> str | None:
        """The id of what the column names; without it the only one of its kind, or None."""
        column = column or kind
        name = row.get(column)
        if name is None and kind in ("service", "repository"):
            if len(self.names[kind]) > 1:
                raise PageError(f"which {kind}? {row}")
            (name,) = self.names[kind]
        if name is None or name == NOTHING:
            return None
        return self._known(kind, name)

    def _known(self, kind: str, name: str) -> str:
        if name not in self.names[kind]:
            raise PageError(f"no {kind} is called {name}")
        return self.id(name)

    def _anything(self, text: str) -> tuple[str, str]:
        """(kind, id) of "#2", "commit c5" or "deployment d1"."""
        if text.startswith("#"):
            return "pull_request", self._known("pull request", text)
        kind, _, name = text.partition(" ")
        if kind not in ("commit", "deployment"):
            raise PageError(f"neither #number, commit nor deployment: {text}")
        return kind, self._known(kind, name)

    def _service(self, row: Row) -> None:
        rows, service = self.marts, self.id(row["service"])
        rows["dim_services"].append(
            {
                "service_id": service,
                "organization_id": self.page,
                "name": row["service"],
                "team_id": self._one(row, "team"),
                "has_deployment_source": truth(row.get("deployment source", "yes")),
                "has_incident_source": truth(row.get("incident source", "yes")),
            }
        )
        for place in words(row["repositories"]):
            repository, _, path = place.partition(":")
            rows["bridge_service_repositories"].append(
                {
                    "service_id": service,
                    "repository_id": self.id(repository),
                    "path_prefix": path,
                }
            )

    def _commit(self, row: Row) -> None:
        rows, sha = self.marts, self.id(row["commit"])
        repository = self._one(row, "repository")
        authored = _moment(row, "authored") or LONG_AGO
        rows["fct_commits"].append(
            {
                "repository_id": repository,
                "sha": sha,
                "author_id": self.id("bot") if truth(row.get("bot", "no")) else None,
                "authored_at": authored,
                "committed_at": _moment(row, "committed") or authored,
                # A parent that is no row was never loaded.
                "parent_shas": [self.id(parent) for parent in words(row["parents"])],
                "message_headline": row.get("title", row["commit"]),
                "is_on_default_branch": truth(row.get("main", "yes")),
                "pull_request_id": self._one(row, "pull request"),
            }
        )
        for service in words(row.get("services", NOTHING)):
            rows["bridge_commit_services"].append(
                {
                    "repository_id": repository,
                    "sha": sha,
                    "service_id": self._known("service", service),
                }
            )

    def _pull_request(self, row: Row) -> None:
        rows, name = self.marts, row["pull request"]
        if not re.fullmatch(r"#\d+", name):
            raise PageError(f"no number of a pull request: {name}")
        repository = self._one(row, "repository")
        # The merge commit may be one that was never loaded.
        merge, head = (word(row.get(f"{kind} commit", NOTHING)) for kind in ("merge", "head"))
        opened = _moment(row, "opened")
        rows["fct_pull_requests"].append(
            {
                "pull_request_id": self.id(name),
                "repository_id": repository,
                "number": int(name[1:]),
                "is_bot": truth(row.get("bot", "no")),
                "head_sha": head and self.id(head),
                "merge_commit_sha": merge and self.id(merge),
                "is_hotfix": truth(row.get("hotfix", "no")),
                "is_revert": truth(row.get("revert", "no")),
                "created_at": opened,
                "ready_at": _moment(row, "ready") if "ready" in row else opened,
                "first_commit_at": _moment(row, "first commit"),
                "first_review_at": _moment(row, "first response"),
                "first_approved_at": _moment(row, "approved"),
                "merged_at": _moment(row, "merged"),
                "commits_after_first_review_count": None
                if (count := row.get("commits after response", NOTHING)) == NOTHING
                else int(count),
                "merged_to_default_branch": truth(row.get("main", "yes")),
            }
        )
        for commit in words(row.get("branch commits", NOTHING)):
            rows["bridge_pull_request_commits"].append(
                {
                    "pull_request_id": self.id(name),
                    "repository_id": repository,
                    "sha": self.id(commit),
                }
            )

    def _deployment(self, row: Row) -> None:
        commit = word(row["commit"])
        begin, _, every = row["finished"].partition(", every ")
        step = timedelta(hours=hours(every)) if every else timedelta()
        names = _series(row)
        if (len(names) > 1) != bool(every):
            raise PageError(f"several deployments, and no time between them, or none: {row}")
        for place, name in enumerate(names):
            self.marts["fct_deployments"].append(
                {
                    "deployment_id": self.id(name),
                    "repository_id": self._one(row, "repository"),
                    "service_id": self._one(row, "service"),
                    "environment": row.get("environment", "production"),
                    "environment_tier": row.get("tier", "production"),
                    "status": row.get("status", "success"),
                    # It may be one that was never loaded.
                    "commit_sha": commit and self.id(commit),
                    "started_at": _moment(row, "started"),
                    "finished_at": moment(begin) + place * step,
                }
            )

    def _incident(self, row: Row) -> None:
        incident = self.id(row["incident"])
        self.marts["fct_incidents"].append(
            {
                "incident_id": incident,
                "service_id": self._one(row, "service"),
                "repository_id": self._one(row, "repository") if "repository" in row else None,
                "opened_at": _moment(row, "opened"),
                "resolved_at": _moment(row, "resolved"),
                "issue_id": incident,
            }
        )

    def _reference(self, row: Row) -> None:
        kind, named = self._anything(row["names"])
        column = "commit_sha" if kind == "commit" else f"{kind}_id"
        self.marts["bridge_incident_references"].append(
            {"incident_id": self._one(row, "incident"), "kind": kind, column: named}
        )

    def _revert(self, row: Row) -> None:
        (kind, revert), (reverted_kind, reverted) = (
            self._anything(row[column]) for column in ("revert", "of")
        )
        if kind == "pull_request" and reverted_kind == "pull_request":
            self.marts["bridge_pull_request_reverts"].append(
                {"pull_request_id": revert, "reverted_pull_request_id": reverted}
            )
        elif kind == "commit" and reverted_kind != "deployment":
            (its,) = [c for c in self.marts["fct_commits"] if c["sha"] == revert][:1]
            self.marts["bridge_commit_reverts"].append(
                {
                    "repository_id": its["repository_id"],
                    "sha": revert,
                    "reverted_sha": reverted if reverted_kind == "commit" else None,
                    "reverted_pull_request_id": None if reverted_kind == "commit" else reverted,
                }
            )
        else:
            raise PageError(f"no such revert: {row}")

    def _fix(self, row: Row) -> None:
        self.marts["bridge_pull_request_issues"].append(
            {
                "pull_request_id": self._one(row, "pull request"),
                "issue_id": self._one(row, "incident"),
                "is_work": truth(row.get("work", "yes")),
            }
        )


def _moment(row: Row, column: str) -> datetime | None:
    text = row.get(column, NOTHING)
    return None if text == NOTHING else moment(text)


def _series(row: Row) -> list[str]:
    """The deployments of a row: "d1", or all of "d1 … d20"."""
    found = _SERIES.fullmatch(row["deployment"])
    if not found:
        return [row["deployment"]]
    return [f"{found[1]}{place}" for place in range(int(found[2]), int(found[3]) + 1)]
