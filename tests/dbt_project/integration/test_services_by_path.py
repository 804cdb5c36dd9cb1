"""Services that are paths of a repository, on both code hosts: worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

pytestmark = pytest.mark.integration


def at(day: int, hour: int = 12) -> datetime:
    """A moment of February 2026."""
    return datetime(2026, 2, day, hour, tzinfo=UTC)


def settings(project: Any) -> None:
    project.insert(
        "raw_settings.organization",
        {"slug": "acme", "timezone": "UTC", "week_starts_on": "monday", "history_since": at(1)},
    )
    project.insert(
        "raw_settings.metrics",
        {"definition": "current", "hotfix_labels": [], "hotfix_branches": [], "bands_year": 2024},
    )
    project.insert(
        "raw_settings.environment_tiers",
        {"position": 1, "tier": "production", "pattern": "^prod"},
    )
    project.insert(
        "raw_settings.connections",
        {"connection": "github", "source": "github", "url": "https://api.github.com"},
        {"connection": "gitlab", "source": "gitlab", "url": "https://git.acme.test"},
    )
    project.insert(
        "raw_settings.deployment_rules",
        {"position": 1, "kind": "deployment", "environment": "^prod-cart$", "service": "Cart"},
        {"position": 2, "kind": "deployment", "environment": "^prod"},
    )
    project.insert(
        "raw_settings.incident_rules",
        {"position": 1, "connection": "github", "labels": ["incident"]},
    )
    project.insert("raw_settings.services", {"name": "Cart"}, {"name": "Search"}, {"name": "Base"})
    project.insert(
        "raw_settings.service_repositories",
        {"service": "Cart", "repository": "acme/mono", "path_prefix": "services/cart"},
        {"service": "Search", "repository": "github:acme/mono", "path_prefix": "services/search/"},
        {"service": "Base", "repository": "gitlab:acme/base", "path_prefix": ""},
        {"service": "Search", "repository": "gitlab:acme/base", "path_prefix": "search/"},
    )


def github(project: Any) -> None:
    project.insert(
        "raw_github.repositories",
        *(
            {"id": name, "full_name": f"acme/{name}", "default_branch": "main", "created_at": at(1)}
            for name in ("mono", "shop")
        ),
    )

    def commit(sha: str, paths: list[str] | None, repository: str = "mono") -> dict[str, Any]:
        return {
            "repository_id": repository,
            "sha": sha * 40,
            "authored_at": at(2),
            "committed_at": at(2),
            "is_on_default_branch": True,
            "changed_paths": paths,
        }

    project.insert(
        "raw_github.commits",
        commit("a", ["services/cart/x.py"]),
        commit("b", ["services/cart/x.py", "services/search/y.py", "README.md"]),
        commit("c", ["README.md", "services/cartography/z.py"]),
        commit("d", None),
        commit("e", [], "shop"),
    )
    project.insert(
        "raw_github.deployments",
        *(
            {
                "id": name,
                "database_id": number,
                "repository_id": repository,
                "environment": environment,
                "commit_sha": "b" * 40,
                "created_at": at(3),
            }
            for number, (name, repository, environment) in enumerate(
                [
                    ("named", "mono", "prod-cart"),
                    ("shared", "mono", "production"),
                    ("whole", "shop", "production"),
                    ("other", "shop", "prod-cart"),
                ],
                1,
            )
        ),
    )
    project.insert(
        "raw_github.deployment_statuses",
        *(
            {"id": f"s{name}", "deployment_id": name, "state": "SUCCESS", "created_at": at(3, 13)}
            for name in ("named", "shared", "whole", "other")
        ),
    )
    project.insert(
        "raw_github.issues",
        {
            "id": "down",
            "repository_id": "mono",
            "number": 1,
            "state": "OPEN",
            "labels": ["incident"],
            "mentioned": {"deployments": [2]},
            "created_at": at(4),
        },
    )


def gitlab(project: Any) -> None:
    project.insert(
        "raw_gitlab.projects",
        {
            "id": 7,
            "path_with_namespace": "acme/base",
            "default_branch": "main",
            "created_at": at(1),
        },
    )
    for sha, paths in (("f", ["search/a"]), ("9", ["core/a"])):
        project.insert(
            "raw_gitlab.commits",
            {
                "project_id": 7,
                "sha": sha * 40,
                "authored_at": at(2),
                "committed_at": at(2),
                "is_on_default_branch": True,
                "changed_paths": paths,
            },
        )
    project.insert(
        "raw_gitlab.deployments",
        {
            "id": 70,
            "iid": 1,
            "project_id": 7,
            "environment": "production",
            "status": "success",
            "commit_sha": "f" * 40,
            "ref_name": "main",
            "created_at": at(3),
            "finished_at": at(3, 13),
        },
    )


@pytest.fixture(scope="module")
def built(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    settings(project)
    github(project)
    gitlab(project)
    project.build()
    return project


def test_a_commit_belongs_to_the_services_whose_paths_it_touches(built: Any) -> None:
    assert built.rows(
        "select repository_id, left(sha, 1), service_id, reason from marts.bridge_commit_services"
        " order by 1, 2, 3"
    ) == [
        ("github:mono", "a", "service:cart", "path"),
        ("github:mono", "b", "service:cart", "path"),
        ("github:mono", "b", "service:search", "path"),
        ("github:mono", "c", "github:mono", "rest"),
        ("github:mono", "d", "service:cart", "unknown"),
        ("github:mono", "d", "service:search", "unknown"),
        ("gitlab:7", "9", "service:base", "rest"),
        ("gitlab:7", "f", "service:search", "path"),
    ]


def test_a_deployment_is_of_the_service_named_else_of_each_that_shares_the_repository(
    built: Any,
) -> None:
    assert built.rows(
        "select deployment_id, service_id, repository_id from marts.fct_deployments order by 1"
    ) == [
        ("github:named", "service:cart", "github:mono"),
        ("github:other", "service:cart", "github:shop"),
        ("github:shared#service:cart", "service:cart", "github:mono"),
        ("github:shared#service:search", "service:search", "github:mono"),
        ("github:whole", "github:shop", "github:shop"),
        ("gitlab:70#service:base", "service:base", "gitlab:7"),
        ("gitlab:70#service:search", "service:search", "gitlab:7"),
    ]


def test_services_that_could_be_deployed_have_a_source(built: Any) -> None:
    assert built.rows(
        "select service_id, has_deployment_source from marts.dim_services order by 1"
    ) == [
        ("github:mono", False),
        ("github:shop", True),
        ("service:base", True),
        ("service:cart", True),
        ("service:search", True),
    ]


def test_an_incident_that_names_a_shared_deployment_names_all_of_it(built: Any) -> None:
    # Its own service is what the paths leave over, which nobody deploys.
    assert built.rows(
        "select incident_id, deployment_id from marts.bridge_incident_references order by 2"
    ) == [
        ("github:down", "github:shared#service:cart"),
        ("github:down", "github:shared#service:search"),
    ]
