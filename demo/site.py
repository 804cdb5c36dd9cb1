"""The furniture of the company's Jira: projects, statuses, types, fields, priorities.

Two kinds of projects plan in sprints: company-managed ones with the site's English statuses, and a
team-managed one of a German team with its own. Incidents are kept in Operations. A fourth project
is closed to the account that reads.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from demo.model import Account
from demo.people import FOUNDED
from demo.planning_model import (
    ESTIMATE_FIELD,
    FLAGGED_FIELD,
    POINTS_FIELD,
    SECOND_POINTS_FIELD,
    SPRINT_FIELD,
    JiraField,
    JiraIssueType,
    JiraLinkType,
    JiraNamed,
    JiraProject,
    JiraStatus,
    JiraUser,
)

OPERATIONS, OPERATIONS_ID = "OPS", "10900"
SECRET, SECRET_ID = "SEC", "10901"
GERMAN_ID = "10301"
# Key, name; the second one is team-managed and German.
SCRUM_PROJECTS = (
    ("SHOP", "Shop"), ("PAY", "Zahlungen"), ("CORE", "Core Platform"), ("APP", "Apps"),
    ("DATA", "Data"), ("GROW", "Growth"), ("LOG", "Logistics"), ("WEB", "Web"),
)  # fmt: skip

TODO = JiraStatus("10000", "To Do", "new")
IN_PROGRESS = JiraStatus("10002", "In Progress", "indeterminate")
IN_REVIEW = JiraStatus("10003", "In Review", "indeterminate")
CLOSED = JiraStatus("10004", "Done", "done")
OPEN = JiraStatus("10010", "Open", "new")
INVESTIGATING = JiraStatus("10011", "Investigating", "indeterminate")
RESOLVED = JiraStatus("10012", "Resolved", "done")
GERMAN_STATUSES = (
    JiraStatus("10101", "Zu erledigen", "new", GERMAN_ID),
    JiraStatus("10102", "In Arbeit", "indeterminate", GERMAN_ID),
    JiraStatus("10103", "In Prüfung", "indeterminate", GERMAN_ID),
    JiraStatus("10104", "Fertig", "done", GERMAN_ID),
)

EPIC = JiraIssueType("10000", "Epic", "Epic", hierarchy_level=1)
STORY = JiraIssueType("10001", "Story", "Story")
TASK = JiraIssueType("10002", "Task", "Task")
BUG = JiraIssueType("10003", "Bug", "Bug")
SUBTASK = JiraIssueType("10004", "Sub-task", "Sub-task", True, -1)
INCIDENT = JiraIssueType("10020", "Incident", "Incident")
SERVICE_REQUEST = JiraIssueType("10021", "Service Request", "Service Request")
GERMAN_TYPES = (
    JiraIssueType("10105", "Epic", "Epic", False, 1, GERMAN_ID),
    JiraIssueType("10101", "Story", "Story", False, 0, GERMAN_ID),
    JiraIssueType("10102", "Aufgabe", "Aufgabe", False, 0, GERMAN_ID),
    JiraIssueType("10103", "Fehler", "Fehler", False, 0, GERMAN_ID),
    JiraIssueType("10104", "Unteraufgabe", "Unteraufgabe", True, -1, GERMAN_ID),
)
TYPES = (EPIC, STORY, TASK, BUG, SUBTASK, INCIDENT, SERVICE_REQUEST, *GERMAN_TYPES)

PRIORITIES = tuple(
    JiraNamed(str(number), name)
    for number, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), 1)
)
DONE, WONT_DO = JiraNamed("10000", "Done"), JiraNamed("10001", "Won't Do")
RESOLUTIONS = (DONE, WONT_DO)
BLOCKS = JiraLinkType("10000", "Blocks", "is blocked by", "blocks")
RELATES = JiraLinkType("10003", "Relates", "relates to", "relates to")
LINK_TYPES = (BLOCKS, RELATES)

_GREENHOPPER = "com.pyxis.greenhopper.jira:"
_FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"
FIELDS = (
    *(
        JiraField(system, name, kind, items=items, system=system)
        for system, name, kind, items in (
            ("summary", "Summary", "string", None),
            ("description", "Description", "string", None),
            ("status", "Status", "status", None),
            ("issuetype", "Issue Type", "issuetype", None),
            ("project", "Project", "project", None),
            ("priority", "Priority", "priority", None),
            ("resolution", "Resolution", "resolution", None),
            ("resolutiondate", "Resolved", "datetime", None),
            ("assignee", "Assignee", "user", None),
            ("reporter", "Reporter", "user", None),
            ("creator", "Creator", "user", None),
            ("created", "Created", "datetime", None),
            ("updated", "Updated", "datetime", None),
            ("labels", "Labels", "array", "string"),
            ("components", "Components", "array", "component"),
            ("timeoriginalestimate", "Original estimate", "number", None),
            ("timespent", "Time Spent", "number", None),
        )
    ),
    JiraField(ESTIMATE_FIELD, "Story point estimate", "number",
              f"{_GREENHOPPER}jsw-story-points"),
    JiraField(SPRINT_FIELD, "Sprint", "array", f"{_GREENHOPPER}gh-sprint", "json"),
    JiraField(FLAGGED_FIELD, "Flagged", "array",
              "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes", "option"),
    JiraField(POINTS_FIELD, "Story Points", "number", _FLOAT),
    JiraField(SECOND_POINTS_FIELD, "Story Points", "number", _FLOAT),
)  # fmt: skip

Event = Callable[[int], datetime]


def statuses(event: Event) -> tuple[JiraStatus, ...]:
    """All statuses; one is renamed, one deleted while the story goes on."""
    return (TODO, ready(event), IN_PROGRESS, IN_REVIEW, qa(event), CLOSED, OPEN, INVESTIGATING,
            RESOLVED, *GERMAN_STATUSES)  # fmt: skip


def ready(event: Event) -> JiraStatus:
    """The status that gets another name."""
    renames = ((event(50), "Ready"),)
    return JiraStatus("10001", "Selected for Development", "new", renames=renames)


def qa(event: Event) -> JiraStatus:
    """The status that is given up: issues leave it an hour before it goes."""
    return JiraStatus("10005", "QA", "indeterminate", deleted_at=event(70) + timedelta(hours=1))


def title_of(repository: str) -> str:
    """The name of a repository's component or service: client-sdk → Client Sdk."""
    return repository.replace("-", " ").title()


def component(project_id: str, index: int, repository: str) -> JiraNamed:
    """The component of a repository in a project."""
    base = 70_000 if project_id == OPERATIONS_ID else 40_000
    return JiraNamed(str(base + index), title_of(repository))


def scrum_count(repositories: int) -> int:
    """How many projects plan in sprints."""
    return min(max(2, repositories // 8), len(SCRUM_PROJECTS))


def projects(
    repositories: tuple[str, ...], in_operations: tuple[int, ...], leads: tuple[JiraUser, ...]
) -> tuple[JiraProject, ...]:
    """The scrum projects, Operations, and the closed one."""
    count = scrum_count(len(repositories))
    found = []
    for turn, (key, name) in enumerate(SCRUM_PROJECTS[:count]):
        identity = str(10_300 + turn)
        is_german = identity == GERMAN_ID
        types = GERMAN_TYPES if is_german else (EPIC, STORY, TASK, BUG, SUBTASK)
        own = ("10000", "10001", "10002", "10003", "10005", "10004")
        found.append(
            JiraProject(
                identity, key, name, leads[turn % len(leads)], FOUNDED, is_german,
                components=() if is_german else tuple(
                    component(identity, index, repositories[index])
                    for index in range(turn, len(repositories), count)
                ),
                points_field=ESTIMATE_FIELD if is_german else POINTS_FIELD,
                type_ids=tuple(one.id for one in types),
                status_ids=tuple(one.id for one in GERMAN_STATUSES) if is_german else own,
            )
        )  # fmt: skip
    operations = JiraProject(
        OPERATIONS_ID, OPERATIONS, "Operations", leads[0], FOUNDED, points_field=None,
        components=tuple(
            component(OPERATIONS_ID, index, repositories[index]) for index in in_operations
        ),
        type_ids=(INCIDENT.id, SERVICE_REQUEST.id, TASK.id),
        status_ids=(OPEN.id, INVESTIGATING.id, RESOLVED.id),
    )  # fmt: skip
    secret = JiraProject(
        SECRET_ID, SECRET, "Security", leads[-1], FOUNDED, is_permitted=False,
        points_field=None, type_ids=(TASK.id,), status_ids=(TODO.id, CLOSED.id),
    )  # fmt: skip
    return (*found, operations, secret)


def project_of(index: int, repositories: int) -> str:
    """Id of the scrum project in which a repository's work is planned."""
    return str(10_300 + index % scrum_count(repositories))


def reporter_of(reporters: dict[str, JiraUser], account: Account) -> JiraUser:
    """The Jira account of somebody; those who have none let another one write."""
    return reporters.get(account.person) or reporters[""]
