"""The addresses that are asked for, as the ledger of requests names them."""

from ingestion.http import Endpoints

_API = (
    "serverInfo",
    "myself",
    "project/search",
    "project/{key}",
    "field",
    "issuetype",
    "status",
    "statuses/search",
    "search/jql",
    "search/approximate-count",
    "changelog/bulkfetch",
    "issue/{id}",
    "issue/{id}/changelog",
    "issue/{id}/worklog",
    "issue/{id}/comment",
    "issue/{id}/remotelink",
    "user/bulk",
)
_AGILE = (
    "board",
    "board/{id}",
    "board/{id}/configuration",
    "board/{id}/sprint",
    "sprint/{id}",
)

ENDPOINTS = Endpoints(
    (
        *(f"/rest/api/3/{path}" for path in _API),
        "/rest/api/2/serverInfo",
        *(f"/rest/agile/1.0/{path}" for path in _AGILE),
    )
)
