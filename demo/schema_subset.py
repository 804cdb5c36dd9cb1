"""Cuts github.graphql out of GitHub's published schema: what the demo serves, word for word.

Source: schema.graphql of the npm package @octokit/graphql-schema 15.26.1 (MIT licence), GitHub's
public schema. Kept are the types and fields below and the enums and inputs that they need;
descriptions are dropped, as are interfaces and union members that are not kept.

    python -m demo.schema_subset path/to/schema.graphql > demo/github.graphql
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from graphql import (
    DirectiveDefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

_ACTOR = "login url resourcePath"
_LIST = "edges nodes pageInfo totalCount"
_EDGE = "cursor node"

WANTED: dict[str, str] = {
    "Query": "node nodes organization rateLimit repository repositoryOwner user viewer",
    "RateLimit": "cost limit nodeCount remaining resetAt used",
    "PageInfo": "endCursor hasNextPage hasPreviousPage startCursor",
    "Node": "id",
    "Actor": _ACTOR,
    "RepositoryOwner": f"id {_ACTOR} repositories repository",
    "GitObject": "abbreviatedOid commitUrl id oid repository",
    "Comment": "author body createdAt id updatedAt",
    "Organization": f"id databaseId {_ACTOR} name description createdAt updatedAt "
    "membersWithRole repositories repository team teams",
    "User": f"id databaseId {_ACTOR} name email createdAt updatedAt repositories repository",
    "Bot": f"id databaseId {_ACTOR} createdAt updatedAt",
    "Mannequin": f"id databaseId {_ACTOR} createdAt updatedAt",
    "EnterpriseUserAccount": f"id {_ACTOR} name createdAt updatedAt",
    "OrganizationMemberConnection": _LIST,
    "OrganizationMemberEdge": f"{_EDGE} role",
    "Team": "id databaseId slug combinedSlug name description createdAt updatedAt parentTeam "
    "organization members repositories childTeams url",
    "TeamConnection": _LIST,
    "TeamEdge": _EDGE,
    "TeamMemberConnection": _LIST,
    "TeamMemberEdge": f"{_EDGE} role",
    "TeamRepositoryConnection": _LIST,
    "TeamRepositoryEdge": f"{_EDGE} permission",
    "Repository": "id databaseId name nameWithOwner description owner url createdAt updatedAt "
    "pushedAt archivedAt isArchived isDisabled isEmpty isFork isPrivate isMirror isTemplate "
    "visibility diskUsage stargazerCount forkCount defaultBranchRef primaryLanguage "
    "repositoryTopics object ref refs issue issues pullRequest pullRequests label labels "
    "release releases latestRelease deployments",
    "RepositoryConnection": _LIST,
    "RepositoryEdge": _EDGE,
    "Language": "id name color",
    "Topic": "id name",
    "RepositoryTopic": "id topic",
    "RepositoryTopicConnection": _LIST,
    "RepositoryTopicEdge": _EDGE,
    "Ref": "id name prefix target repository associatedPullRequests compare",
    "RefConnection": _LIST,
    "RefEdge": _EDGE,
    "Comparison": "aheadBy behindBy commits id status",
    "ComparisonCommitConnection": f"{_LIST} authorCount",
    "Commit": "id oid abbreviatedOid additions deletions changedFiles changedFilesIfAvailable "
    "author committer authoredDate committedDate message messageHeadline messageBody parents "
    "history associatedPullRequests repository url commitUrl authors",
    "CommitConnection": _LIST,
    "CommitEdge": _EDGE,
    "CommitHistoryConnection": _LIST,
    "GitActor": "date email name user",
    "GitActorConnection": _LIST,
    "GitActorEdge": _EDGE,
    "Tag": "id oid abbreviatedOid commitUrl message name repository tagger target",
    "Tree": "id oid abbreviatedOid commitUrl repository",
    "Blob": "id oid abbreviatedOid commitUrl repository",
    "Label": "id name color isDefault description createdAt updatedAt repository url",
    "LabelConnection": _LIST,
    "LabelEdge": _EDGE,
    "UserConnection": _LIST,
    "UserEdge": _EDGE,
    "Issue": "id databaseId fullDatabaseId number title body state stateReason createdAt "
    "updatedAt closedAt closed author assignees labels comments timelineItems repository url",
    "IssueConnection": _LIST,
    "IssueEdge": _EDGE,
    "IssueComment": "id databaseId fullDatabaseId author body createdAt updatedAt "
    "pullRequest repository url",
    "IssueCommentConnection": _LIST,
    "IssueCommentEdge": _EDGE,
    "IssueTimelineItems": "ClosedEvent ReopenedEvent LabeledEvent IssueComment",
    "IssueTimelineItemsConnection": f"{_LIST} filteredCount pageCount updatedAt",
    "IssueTimelineItemsEdge": _EDGE,
    "PullRequest": "id databaseId fullDatabaseId number title body state isDraft createdAt "
    "updatedAt closedAt closed mergedAt merged author mergedBy baseRefName baseRefOid headRefName "
    "headRefOid isCrossRepository additions deletions changedFiles mergeCommit "
    "potentialMergeCommit assignees labels closingIssuesReferences timelineItems commits comments "
    "reviews reviewDecision totalCommentsCount repository url permalink",
    "PullRequestConnection": _LIST,
    "PullRequestEdge": _EDGE,
    "PullRequestCommit": "id commit pullRequest url",
    "PullRequestCommitConnection": _LIST,
    "PullRequestCommitEdge": _EDGE,
    "PullRequestReview": "id databaseId fullDatabaseId author body state submittedAt createdAt "
    "updatedAt publishedAt commit comments pullRequest repository url",
    "PullRequestReviewConnection": _LIST,
    "PullRequestReviewEdge": _EDGE,
    "PullRequestReviewComment": "id databaseId fullDatabaseId author body createdAt draftedAt "
    "publishedAt updatedAt path commit pullRequest pullRequestReview repository state url",
    "PullRequestReviewCommentConnection": _LIST,
    "PullRequestReviewCommentEdge": _EDGE,
    "PullRequestTimelineItems": "ReadyForReviewEvent ConvertToDraftEvent MergedEvent ClosedEvent "
    "LabeledEvent IssueComment PullRequestCommit PullRequestReview",
    "PullRequestTimelineItemsConnection": f"{_LIST} filteredCount pageCount updatedAt",
    "PullRequestTimelineItemsEdge": _EDGE,
    "ReadyForReviewEvent": "id actor createdAt pullRequest",
    "ConvertToDraftEvent": "id actor createdAt pullRequest",
    "MergedEvent": "id actor commit createdAt mergeRefName pullRequest",
    "ClosedEvent": "id actor createdAt stateReason",
    "ReopenedEvent": "id actor createdAt stateReason",
    "LabeledEvent": "id actor createdAt label",
    "Release": "id databaseId name tagName tag tagCommit author createdAt publishedAt updatedAt "
    "isDraft isPrerelease isLatest description repository url",
    "ReleaseConnection": _LIST,
    "ReleaseEdge": _EDGE,
    "Deployment": "id databaseId commit commitOid createdAt creator description environment "
    "latestEnvironment latestStatus originalEnvironment payload ref repository state statuses "
    "task updatedAt",
    "DeploymentConnection": _LIST,
    "DeploymentEdge": _EDGE,
    "DeploymentStatus": "id createdAt creator deployment description environment environmentUrl "
    "logUrl state updatedAt",
    "DeploymentStatusConnection": _LIST,
    "DeploymentStatusEdge": _EDGE,
    "CheckSuite": "id databaseId status conclusion createdAt updatedAt commit repository checkRuns "
    "url",
    "CheckRun": "id databaseId name status conclusion startedAt completedAt detailsUrl externalId "
    "checkSuite repository url",
    "CheckRunConnection": _LIST,
    "CheckRunEdge": _EDGE,
}


def named(node: TypeNode) -> str:
    """The name inside lists and non-nulls."""
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    assert isinstance(node, NamedTypeNode)
    return node.name.value


def subset(schema: DocumentNode) -> str:
    """The kept part of a schema as text, types in the order of their names."""
    by_name = {
        node.name.value: node
        for node in schema.definitions
        if hasattr(node, "name") and not isinstance(node, DirectiveDefinitionNode)
    }
    needed: set[str] = set()
    kept = []
    for name, wanted in sorted(WANTED.items()):
        node = by_name[name]
        if isinstance(node, UnionTypeDefinitionNode):
            node.types = tuple(t for t in node.types if t.name.value in wanted.split())
        elif isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            names = set(wanted.split())
            fields = [field for field in node.fields if field.name.value in names]
            missing = names - {field.name.value for field in fields}
            if missing:
                raise SystemExit(f"{name} has no field {', '.join(sorted(missing))}")
            node.fields = tuple(_plain(field) for field in fields)
            node.interfaces = tuple(
                one
                for one in node.interfaces
                if one.name.value in WANTED and _fulfils(by_name[one.name.value], names)
            )
            for field in node.fields:
                needed.add(named(field.type))
                needed.update(named(argument.type) for argument in field.arguments)
        kept.append(node)
    for name in sorted(needed - set(WANTED)):
        if name not in by_name:  # String, Int, Boolean, Float, ID
            continue
        node = by_name[name]
        if isinstance(node, InputObjectTypeDefinitionNode):
            for entry in node.fields:
                inner = by_name.get(named(entry.type))
                if inner is not None and inner not in kept:
                    kept.append(inner)
        elif not isinstance(node, EnumTypeDefinitionNode | ScalarTypeDefinitionNode):
            raise SystemExit(f"{name} is needed but not wanted")
        if node not in kept:
            kept.append(node)
    return "\n\n".join(print_ast(_undescribed(node)) for node in kept) + "\n"


def _fulfils(interface: object, names: set[str]) -> bool:
    assert isinstance(interface, InterfaceTypeDefinitionNode)
    wanted = WANTED[interface.name.value].split()
    return all(name in names for name in wanted)


def _plain(field: FieldDefinitionNode) -> FieldDefinitionNode:
    field.directives = ()
    for argument in field.arguments:
        argument.directives = ()
        argument.description = None
    field.description = None
    return field


def _undescribed(node: Any) -> Any:
    node.description = None
    node.directives = ()
    for part in ("fields", "values"):
        for child in getattr(node, part, None) or ():
            child.description = None
            child.directives = ()
    return node


def main() -> None:
    """Print the subset of the schema file named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("python -m demo.schema_subset path/to/schema.graphql")
    text = subset(parse(Path(sys.argv[1]).read_text(), no_location=True))
    print("# Part of GitHub's public GraphQL schema, from @octokit/graphql-schema 15.26.1 (MIT).")
    print("# Made by demo/schema_subset.py, which says what was kept; do not edit.\n")
    print(text, end="")


if __name__ == "__main__":
    main()
