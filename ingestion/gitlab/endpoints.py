"""The addresses that are asked for, as the ledger of requests names them."""

from ingestion.http import Endpoints

_GROUP = ("", "/descendant_groups", "/subgroups", "/members", "/members/all", "/projects")
_WORK = ("/merge_requests", "/issues")
_PROJECT = (
    "",
    "/merge_requests/{iid}",
    "/merge_requests/{iid}/commits",
    "/merge_requests/{iid}/notes",
    "/merge_requests/{iid}/approvals",
    "/issues/{iid}/notes",
    "/pipelines",
    "/pipelines/{id}",
    "/pipelines/{id}/jobs",
    "/jobs",
    "/deployments",
    "/environments",
    "/labels",
    "/releases",
    "/repository/branches/{name}",
    "/repository/commits",
    "/repository/commits/{sha}",
    "/repository/commits/{sha}/diff",
    "/repository/tags",
)

ENDPOINTS = Endpoints(
    (
        "/user",
        "/users/{id}",
        "/personal_access_tokens/self",
        *(f"/groups/{{id}}{path}" for path in (*_GROUP, *_WORK)),
        *(f"/projects/{{id}}{path}" for path in (*_PROJECT, *_WORK)),
    )
)
