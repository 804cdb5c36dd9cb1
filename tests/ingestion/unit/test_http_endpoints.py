"""Names of endpoints in the ledger: few, and without anybody's names."""

from __future__ import annotations

import pytest

from ingestion.github.endpoints import ENDPOINTS as GITHUB
from ingestion.gitlab.endpoints import ENDPOINTS as GITLAB
from ingestion.http import Endpoints
from ingestion.jira.endpoints import ENDPOINTS as JIRA

API = "https://example.com/api/v4"
RUNS = "/repos/{owner}/{name}/actions/runs"
BRANCHES = "/projects/{id}/repository/branches"


@pytest.mark.parametrize(
    ("endpoints", "path", "name"),
    [
        (GITHUB, "/repos/acme/shop/actions/runs/17/jobs", f"{RUNS}/{{id}}/jobs"),
        (GITHUB, "/repos/acme/shop/compare/a1...b2", "/repos/{owner}/{name}/compare/{range}"),
        (GITLAB, "/groups/acme%2Fpay", "/groups/{id}"),
        (GITLAB, "/projects/9/repository/branches/feat%2Fx", f"{BRANCHES}/{{name}}"),
        (JIRA, "/rest/api/3/issue/10001/worklog", "/rest/api/3/issue/{id}/worklog"),
        (JIRA, "/rest/api/3/project/search", "/rest/api/3/project/search"),
        (JIRA, "/rest/api/3/project/PAY", "/rest/api/3/project/{key}"),
    ],
)
def test_ids_and_names_are_placeholders(endpoints: Endpoints, path: str, name: str) -> None:
    assert endpoints.name("GET", path, API) == f"GET {name}"


def test_a_whole_address_is_named_like_its_path() -> None:
    assert GITLAB.name("GET", f"{API}/users/12?per_page=1", API) == "GET /users/{id}"


def test_of_an_unknown_path_only_known_words_are_shown() -> None:
    assert GITLAB.name("GET", "/projects/9/secret-plan/jobs?x=1", API) == "GET /projects/{}/{}/jobs"


def test_a_name_that_is_a_word_of_another_path_is_a_placeholder_all_the_same() -> None:
    assert GITHUB.name("GET", "/repos/user/actions/commits/abc", API) == (
        "GET /repos/{owner}/{name}/commits/{sha}"
    )
