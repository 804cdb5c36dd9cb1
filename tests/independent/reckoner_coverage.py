"""Second, independent computation: what could be linked, per service, and why not."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.independent.reckoner_facts import UNKNOWN, Facts, Row
from tests.independent.reckoner_shipping import Change, Places, Shipping, candidates

SHIPPED = {
    "merge_commit": "pull_request_shipped",
    "head_commit": "pull_request_shipped_by_head_commit",
    "title": "pull_request_shipped_by_title",
    "commit": "commit_shipped",
}


def coverage(facts: Facts, places: Places, told: Shipping, incidents: list[Row]) -> list[Row]:
    """Rows of metrics.linkage_coverage."""
    counts = Counter((i["service_id"] or UNKNOWN, i["reason"]) for i in incidents)
    for one in facts.deployments:
        if not facts.is_known(one["repository_id"], one["commit_sha"]):
            counts[one["service_id"], "deployment_commit_unknown"] += 1
        if one["service_id"] == UNKNOWN:
            counts[UNKNOWN, "deployment_service_unknown"] += 1
    shipped = {(r["service_id"], r["repository_id"], r["change_id"]) for r in told.rows}
    reached: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (service, _, repository), found in told.reached.items():
        reached[service, repository] |= found
    deployed = {service for service, _, _ in told.lines}
    for change in told.changes:
        for service in candidates(places, told, change):
            if (service, change.repository, change.id) in shipped:
                reason = SHIPPED[change.method or ""]
            elif change.sha in reached[service, change.repository]:
                reason = f"{change.kind}_baseline"
            else:
                reason = _missing(facts, change, service in deployed)
            counts[service, reason] += 1
    for row in facts.tables["dim_services"]:
        name = row["service_id"]
        if not row["has_incident_source"]:
            counts[name, "service_without_incident_source"] += 1
        if not row["has_deployment_source"] and name not in deployed:
            counts[name, "service_without_deployment_source"] += 1
    return [
        {"service_id": service, "reason": reason, "row_count": count}
        for (service, reason), count in counts.items()
    ]


def _missing(facts: Facts, change: Change, is_deployed: bool) -> str:
    if change.kind == "pull_request":
        if not is_deployed:
            return "pull_request_without_deployments"
        if not change.row["merged_to_default_branch"]:
            return "pull_request_not_in_default_branch"
        if not facts.is_known(change.repository, change.sha):
            return "pull_request_merge_commit_unknown"
        return "pull_request_not_deployed_yet"
    return "commit_not_deployed_yet" if is_deployed else "commit_without_deployments"
