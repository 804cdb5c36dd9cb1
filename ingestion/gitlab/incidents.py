"""What people say below an incident: it often names the commit or merge request that caused it.

GitLab has no list of all notes of a project, so they cost a request an issue, and are read only for
issues that a rule of the settings may take for an incident.
"""

from __future__ import annotations

from collections.abc import Callable

from ingestion.gitlab.paging import Item
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.http import Forbidden, NotFound
from ingestion.settings import IncidentRule, Settings


def incident_test(settings: Settings, connection: str) -> Callable[[Item], bool]:
    """Whether an issue may be an incident, by its labels and type; wider than the models' rule,
    which knows repositories too."""
    rules = [r for r in settings.incident_rules if r.connection in (None, connection)]
    # What only Jira has never matches here.
    rules = [r for r in rules if not (r.projects or r.components or r.priorities)]

    def may_be_incident(issue: Item) -> bool:
        return any(_matches(rule, issue) for rule in rules)

    return may_be_incident


def _matches(rule: IncidentRule, issue: Item) -> bool:
    labels = {_name(label) for label in issue.get("labels") or []}
    kind = str(issue.get("issue_type") or issue.get("type") or "").lower()
    by_label = not rule.labels or any(label.lower() in labels for label in rule.labels)
    by_type = not rule.issue_types or kind in {name.lower() for name in rule.issue_types}
    return by_label and by_type


def _name(label: object) -> str:
    return str(label.get("name") if isinstance(label, dict) else label).lower()


def comments(reading: Reading, project: Project, issue: Item) -> list[str]:
    """The texts that people wrote below an issue, the first one first. Raises ApiError."""
    if issue.get("user_notes_count") == 0:
        return []
    # A new note moves the issue's updated_at, so they are read again when there is one.
    path = f"{project.path}/issues/{issue['iid']}/notes"
    try:
        found = reading.items(path, {"sort": "asc", "order_by": "created_at"})
        return [str(note.get("body") or "") for note in found if not note.get("system")]
    except (NotFound, Forbidden):
        return []
