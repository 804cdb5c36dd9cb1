"""Which services a change is of: those of its repository or, where paths split that, of its files.

In a repository that services split, a deployment of a service contains every commit of the
repository but ships only the changes of that service. docs/decisions/0015 has the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.schemas import UNKNOWN_SERVICE

_CHANGE = ["repository_id", "change_id"]


@dataclass(frozen=True)
class ServicePlaces:
    """Where services are.

    `by_repository` (repository_id, service_id): of repositories that are not split the services
    that are deployed from it, else its own. `split` (repository_id, service_id): the services that
    share a repository by paths; `by_change` (repository_id, change_id, service_id) and `by_commit`
    (repository_id, sha, service_id): which of them the changes and commits of such repositories
    are of. These three are None where no repository is split.
    """

    by_repository: DataFrame
    split: DataFrame | None = None
    by_change: DataFrame | None = None
    by_commit: DataFrame | None = None

    def settled(self, settle: Callable[[DataFrame], DataFrame]) -> ServicePlaces:
        """The same, computed."""

        def maybe(frame: DataFrame | None) -> DataFrame | None:
            return None if frame is None else settle(frame)

        return ServicePlaces(
            settle(self.by_repository),
            maybe(self.split),
            maybe(self.by_change),
            maybe(self.by_commit),
        )

    def shipped(self, rows: DataFrame) -> DataFrame:
        """The rows (repository_id, change_id, service_id, …) whose change is of their service."""
        return self._own(rows, self.by_change, "change_id")

    def reached(self, rows: DataFrame) -> DataFrame:
        """The rows (repository_id, sha, service_id, …) whose commit is of their service."""
        return self._own(rows, self.by_commit, "sha")

    def of_changes(self, changes: DataFrame) -> DataFrame:
        """The changes (repository_id, change_id, …) once for each service, with its service_id.

        A service that is deployed from a split repository without a path there ships all of it.
        """
        whole = changes.join(F.broadcast(self.by_repository), "repository_id", "left")
        if self.split is None or self.by_change is None:
            return whole
        is_split = self.split.select("repository_id", F.lit(True).alias("is_split")).distinct()
        marked = changes.join(F.broadcast(is_split), "repository_id", "left")
        return (
            marked.join(
                F.broadcast(self.by_repository),
                "repository_id",
                "left",
            )
            .filter(F.col("is_split").isNull() | F.col("service_id").isNotNull())
            .unionByName(marked.filter("is_split").join(self.by_change, _CHANGE))
            .drop("is_split")
        )

    def only_service(self, pull_requests: DataFrame) -> DataFrame:
        """(pull_request_id, only_service_id) of those that can be of one service only."""
        changes = pull_requests.select(
            "pull_request_id", "repository_id", F.col("pull_request_id").alias("change_id")
        )
        return (
            self.of_changes(changes)
            .filter("service_id is not null")
            .groupBy("pull_request_id")
            .agg(F.count("*").alias("services"), F.min("service_id").alias("only_service_id"))
            .filter("services = 1")
            .drop("services")
        )

    def _own(self, rows: DataFrame, owned: DataFrame | None, key: str) -> DataFrame:
        if self.split is None or owned is None:
            return rows
        by_paths = self.split.withColumn("is_by_paths", F.lit(True))
        return (
            rows.join(F.broadcast(by_paths), ["repository_id", "service_id"], "left")
            .join(
                owned.withColumn("is_own", F.lit(True)),
                ["repository_id", key, "service_id"],
                "left",
            )
            .filter(F.col("is_by_paths").isNull() | F.col("is_own").isNotNull())
            .select(*rows.columns)
        )


def service_places(
    service_repositories: DataFrame,
    deployments: DataFrame,
    commits: DataFrame,
    commit_services: DataFrame,
    linked_pull_requests: DataFrame,
    pushes: DataFrame,
    *,
    is_split: bool,
) -> ServicePlaces:
    """The places of all services. `is_split`: some service has a path inside a repository."""
    named = service_repositories.select(
        "repository_id",
        "service_id",
        (F.coalesce("path_prefix", F.lit("")) != "").alias("is_path"),
    )
    deployed = (
        deployments.filter(F.col("service_id") != UNKNOWN_SERVICE)
        .select("repository_id", "service_id")
        .distinct()
    )
    own = named.filter(~F.col("is_path")).drop("is_path").distinct()
    if not is_split:
        return ServicePlaces(_deployed_else_own(own, deployed))
    paths = named.filter("is_path").select("repository_id").distinct()
    split = named.drop("is_path").distinct().join(paths, "repository_id", "left_semi")
    whole = _deployed_else_own(
        own.join(paths, "repository_id", "left_anti"),
        deployed.join(split, ["repository_id", "service_id"], "left_anti"),
    )
    by_commit = commit_services.select("repository_id", "sha", "service_id")
    return ServicePlaces(
        whole, split, _by_change(split, by_commit, commits, linked_pull_requests, pushes), by_commit
    )


def _deployed_else_own(own: DataFrame, deployed: DataFrame) -> DataFrame:
    """A rule may deploy another service from a repository than the one it belongs to."""
    return deployed.unionByName(own.join(deployed, "repository_id", "left_anti"))


def _by_change(
    split: DataFrame,
    by_commit: DataFrame,
    commits: DataFrame,
    linked_pull_requests: DataFrame,
    pushes: DataFrame,
) -> DataFrame:
    repositories = split.select("repository_id").distinct()
    pull_requests = linked_pull_requests.join(
        F.broadcast(repositories), "repository_id", "left_semi"
    ).select("repository_id", F.col("pull_request_id").alias("change_id"), "link_sha")
    # The default branch merged into a branch brings the files of others.
    is_back_merge = (F.coalesce(F.size("parent_shas"), F.lit(0)) > 1) & ~F.col("sha").eqNullSafe(
        F.col("link_sha")
    )
    by_its_commits = (
        commits.select(
            "repository_id", "sha", "parent_shas", F.col("pull_request_id").alias("change_id")
        )
        .join(pull_requests, _CHANGE)
        .filter(~is_back_merge)
        .select(*_CHANGE, "sha")
    )
    its_commits = by_its_commits.unionByName(
        pull_requests.select(*_CHANGE, F.col("link_sha").alias("sha"))
    ).unionByName(
        pushes.select("repository_id", F.col("sha").alias("change_id"), "sha").join(
            F.broadcast(repositories), "repository_id", "left_semi"
        )
    )
    found = (
        its_commits.join(by_commit, ["repository_id", "sha"])
        .select(*_CHANGE, "service_id")
        .distinct()
    )
    # None of its commits is known: it may be of any service that has a path of its own, or was
    # made of the whole repository on purpose.
    lost = its_commits.select(*_CHANGE).distinct().join(found, _CHANGE, "left_anti")
    anyone = split.filter(F.col("service_id") != F.col("repository_id"))
    return found.unionByName(
        lost.join(F.broadcast(anyone), "repository_id").select(*_CHANGE, "service_id")
    )
