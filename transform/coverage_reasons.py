"""Why rows could be linked or not, and what a user can do about it: one place for all of it.

No Spark here: the command line reads it too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A reason of metrics.linkage_coverage.

    `about`: what is counted (pull_request, commit, deployment, incident, service); `is_gap`: it
    counts what could not be linked or told; `brief`: the same in a few words, after a number;
    `advice`: what to do about a gap.
    """

    name: str
    about: str
    is_gap: bool
    brief: str
    meaning: str
    advice: str = ""


REASONS: tuple[Reason, ...] = (
    Reason(
        "pull_request_shipped",
        "pull_request",
        False,
        "in production",
        "Merged pull requests in production, found by their merge commit.",
    ),
    Reason(
        "pull_request_shipped_by_head_commit",
        "pull_request",
        False,
        "in production, found by the head commit",
        "In production, found by the head commit, since the provider gave no merge commit.",
    ),
    Reason(
        "pull_request_shipped_by_title",
        "pull_request",
        False,
        "in production, found by the title",
        "In production, found by a commit whose title carries the number, since the provider gave "
        "no merge commit.",
    ),
    Reason(
        "pull_request_baseline",
        "pull_request",
        True,
        "already in the first deployment known",
        "Already in the first observed deployment, or merged before the release point that "
        "precedes it: when it shipped can't be told.",
        "Normal for what was merged before the history begins; history.since further back shows "
        "earlier deployments, metrics.baseline_window counts what was merged shortly before.",
    ),
    Reason(
        "pull_request_not_deployed_yet",
        "pull_request",
        True,
        "not deployed yet",
        "Merged, and reached by no deployment so far.",
        "Wait for the next deployment; if it is in production already, a deployment rule misses "
        "that deployment, or it is of another service or environment: see [[deployment_rules]].",
    ),
    Reason(
        "pull_request_without_deployments",
        "pull_request",
        True,
        "in a service without deployments",
        "Merged in a service that no production deployment is known of.",
        "Say what a deployment is there: a rule in [[deployment_rules]], or the name of its "
        "production environment in [metrics] environments.",
    ),
    Reason(
        "pull_request_not_in_default_branch",
        "pull_request",
        True,
        "not in the default branch",
        "Merged into another branch, and reached by no deployment.",
        "Normal for branches stacked on one another; if such branches are deployed (release/*), "
        "let a deployment rule recognise those deployments.",
    ),
    Reason(
        "pull_request_merge_commit_unknown",
        "pull_request",
        True,
        "with an unknown merge commit",
        "Merged, but neither its merge commit nor a stand-in is among the commits known.",
        "The branch was rewritten after the merge, or its commits are older than history.since: "
        "sei run --full reads them again.",
    ),
    Reason(
        "commit_shipped",
        "commit",
        False,
        "in production",
        "Commits of the default branch without a pull request, in production.",
    ),
    Reason(
        "commit_baseline",
        "commit",
        True,
        "already in the first deployment known",
        "Such commits already in the first observed deployment.",
        "Normal for what is older than the first deployment known; history.since further back "
        "shows earlier ones.",
    ),
    Reason(
        "commit_not_deployed_yet",
        "commit",
        True,
        "not deployed yet",
        "Such commits that no deployment reached so far.",
        "Wait for the next deployment; if they are in production already, a deployment rule misses "
        "that deployment: see [[deployment_rules]].",
    ),
    Reason(
        "commit_without_deployments",
        "commit",
        True,
        "in a service without deployments",
        "Such commits in a service that no production deployment is known of.",
        "Say what a deployment is there: a rule in [[deployment_rules]], or the name of its "
        "production environment in [metrics] environments.",
    ),
    Reason(
        "deployment_commit_unknown",
        "deployment",
        True,
        "of an unknown commit",
        "Production deployments without a commit, or with one that is not among the commits "
        "known: what they shipped can't be told.",
        "The commit is older than history.since, was rewritten, or lies in a repository that is "
        "not loaded: history.since further back, or include that repository.",
    ),
    Reason(
        "deployment_service_unknown",
        "deployment",
        True,
        "that no service owns",
        "Production deployments that belong to no service: in no number of a service or team.",
        "Name the repository in a service of [[services]], or the service in the deployment rule.",
    ),
    Reason(
        "incident_linked_explicitly",
        "incident",
        False,
        "linked by what they name",
        "Incidents that name a deployment, or a commit or pull request that one shipped.",
    ),
    Reason(
        "incident_linked_by_window",
        "incident",
        False,
        "linked by time",
        "Incidents linked to the latest deployment of their service before they opened.",
    ),
    Reason(
        "incident_without_deployments",
        "incident",
        True,
        "in a service without deployments",
        "Incidents of a service that no production deployment is known of.",
        "Say what a deployment is there: a rule in [[deployment_rules]].",
    ),
    Reason(
        "incident_before_first_deployment",
        "incident",
        True,
        "from before the first deployment known",
        "Incidents that opened before the first production deployment known of their service had "
        "finished.",
        "Normal at the begin of the history; history.since further back shows earlier deployments.",
    ),
    Reason(
        "incident_unlinked",
        "incident",
        True,
        "long after the latest deployment",
        "Incidents without a deployment of their service in the window, though there are earlier "
        "ones.",
        "Name the deployment, commit or pull request in the incident, or widen "
        "metrics.incident_link_window.",
    ),
    Reason(
        "incident_service_unknown",
        "incident",
        True,
        "of an unknown service",
        "Incidents whose service is not known and that name nothing shipped.",
        "Give the service its Jira project or component ([[services]] jira), or the repository "
        "that the incidents are in.",
    ),
    Reason(
        "service_without_incident_source",
        "service",
        True,
        "without an incident source",
        "The service itself, since no incident rule holds for it: no change fail rate, recovery or "
        "restore time.",
        "Add an [[incident_rules]] entry that covers it: labels of its repository, or issue types "
        "of its Jira project.",
    ),
    Reason(
        "service_without_deployment_source",
        "service",
        True,
        "without a deployment source",
        "The service itself, since neither a deployment rule is about it nor anything found that "
        "looks like a deployment.",
        "Add a [[deployment_rules]] entry for its repositories: a workflow, job, tag or release "
        'that means a deployment, or kind = "merge".',
    ),
)

BY_NAME: dict[str, Reason] = {reason.name: reason for reason in REASONS}
