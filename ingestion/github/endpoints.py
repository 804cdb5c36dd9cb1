"""The REST addresses that are asked for, as the ledger of requests names them."""

from ingestion.http import Endpoints

_REPOSITORY = "/repos/{owner}/{name}"

ENDPOINTS = Endpoints(
    (
        "/rate_limit",
        "/user",
        "/app/installations/{id}/access_tokens",
        f"{_REPOSITORY}/actions/runs",
        f"{_REPOSITORY}/actions/runs/{{id}}",
        f"{_REPOSITORY}/actions/runs/{{id}}/jobs",
        f"{_REPOSITORY}/commits/{{sha}}",
        f"{_REPOSITORY}/compare/{{range}}",
    )
)
