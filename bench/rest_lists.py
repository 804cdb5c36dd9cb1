"""What other collectors ask GitHub's REST API for beyond what the demo serves: more lists, and
fields of its replies that our own loader never looks at. Shapes as in docs.github.com/rest."""

from __future__ import annotations

import re
from typing import Any

from demo.catalog import Catalog
from demo.rest import Asked, Listed, answer, route

# Who wrote something and has no account any more.
GHOST = {
    "login": "ghost",
    "id": 10137,
    "node_id": "MDQ6VXNlcjEwMTM3",
    "type": "User",
    "site_admin": False,
}
_NO_REACTIONS = {"total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0}
_FILLED = re.compile(
    r"(?P<repository>/repos/[^/]+/[^/]+)/(issues|pulls)(/\d+)?(/comments|/reviews)?"
)


@route("/users/{login}/orgs")
def _organizations(asked: Asked, login: str) -> Any:
    return Listed([], lambda one: one)


@route("/repos/{owner}/{name}/pulls/{number}/requested_reviewers")
def _requested(asked: Asked, owner: str, name: str, number: str) -> Any:
    answer(asked, f"/repos/{owner}/{name}/pulls/{number}")  # refuses what is not there
    return {"users": [], "teams": []}


def completed(path: str, reply: Any, catalog: Catalog) -> Any:
    """The reply with the fields that GitHub's has and the demo's has not, where it is about issues,
    pull requests, their comments or reviews."""
    if path.endswith("/deployments") and isinstance(reply, list):
        # An object or a text, by the documentation; one of the taps takes texts only.
        return [{**one, "payload": ""} for one in reply]
    found = _FILLED.fullmatch(path)
    if found is None:
        return reply
    repository = answer(Asked(catalog, {}, ""), found["repository"])
    for one in reply if isinstance(reply, list) else [reply]:
        if "html_url" not in one:
            one["html_url"] = f"{repository['html_url']}/pull/1#{one['id']}"
        if "submitted_at" in one:  # a review, whose author may be nobody
            if one["submitted_at"] is None:  # "do not include the submitted_at property"
                del one["submitted_at"]
            continue
        one["reactions"] = dict(_NO_REACTIONS)
        one["user"] = one["user"] or GHOST
        if "number" in one:
            one["assignee"] = next(iter(one["assignees"]), None)
            one["milestone"] = None
            one.setdefault("type", None)
        for end in ("base", "head") if "base" in one else ():
            one[end] |= {"repo": repository, "user": repository["owner"]}
            one["requested_reviewers"] = []
    return reply
