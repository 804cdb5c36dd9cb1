"""Fields of replies that a key or a metric needs: one that vanishes or changes its type blocks.

By a regular expression on the endpoint, as the ledger of requests names it, and the ends of the
fields' paths. Replies of GraphQL are typed: a field that is gone is refused with the whole document.
"""

from __future__ import annotations

import re

_NEEDED: tuple[tuple[str, str], ...] = (
    (r"/actions/runs", "id node_id status conclusion head_sha created_at run_started_at"),
    (r"/jobs", "id name status conclusion created_at started_at completed_at finished_at"),
    (
        r"/merge_requests$",
        "id iid state created_at updated_at merged_at merge_commit_sha squash_commit_sha",
    ),
    (r"/issues$", "id iid state created_at updated_at closed_at issue_type labels"),
    (r"/commits$", "id parent_ids authored_date committed_date author_email"),
    (r"/pipelines$", "id status sha created_at updated_at"),
    (r"/deployments$", "id status sha created_at environment"),
    (r"/search/jql", "id key created updated status resolutiondate issuetype"),
    (r"changelog", "id created field fieldId from to"),
)

# Of the entries themselves and of an issue's `fields`, not of what they refer to.
_ENTRY = re.compile(
    r"(\.\w+)?\[\](\.fields)?\.\w+"
    r"|\.issueChangeLogs\[\]\.changeHistories\[\](\.items\[\])?\.\w+"
)


def is_needed(endpoint: str, path: str) -> bool:
    """Whether a key or a metric rests on a field of an endpoint's replies."""
    if not _ENTRY.fullmatch(path):
        return False
    name, place = path.rpartition(".")[2], endpoint.partition("?")[0]
    return any(re.search(where, place) and name in names.split() for where, names in _NEEDED)
