"""The list of fields that recorded issues imply: nobody recorded GET /field itself.

Names of custom fields are told by changelogs; of the others the id is all there is. Kinds are
told by the values, and by what every Jira calls Sprint, Rank and Epic Link.
"""

from __future__ import annotations

from typing import Any

from demo.jira_catalog import Node

_KINDS = {
    "Sprint": ("array", "json", "com.pyxis.greenhopper.jira:gh-sprint"),
    "Rank": ("any", None, "com.pyxis.greenhopper.jira:gh-lexo-rank"),
    "Epic Link": ("any", None, "com.pyxis.greenhopper.jira:gh-epic-link"),
}
_SYSTEM = {
    "assignee": "user", "created": "datetime", "creator": "user", "description": "string",
    "duedate": "date", "issuetype": "issuetype", "priority": "priority", "project": "project",
    "reporter": "user", "resolution": "resolution", "resolutiondate": "datetime",
    "status": "status", "summary": "string", "updated": "datetime", "timespent": "number",
    "timeoriginalestimate": "number", "timeestimate": "number", "workratio": "number",
    "parent": "issuelink", "progress": "progress", "timetracking": "timetracking",
    "votes": "votes", "watches": "watches",
}  # fmt: skip
_LISTS = {
    "labels": "string", "components": "component", "fixVersions": "version",
    "versions": "version", "issuelinks": "issuelinks", "subtasks": "issuelinks",
    "attachment": "attachment",
}  # fmt: skip
_SCALARS: dict[type, str] = {str: "string", float: "number", int: "number", bool: "boolean"}
_LEFT_OUT = {"epic", "sprint", "closedSprints", "flagged", "comment", "worklog"}


def fields_of(issues: list[Node], histories: list[list[Node]]) -> list[Node]:
    """The fields of the issues as GET /field would list them."""
    names: dict[str, str] = {}
    logs = [one.get("changelog", {}).get("histories", []) for one in issues]
    for entries in [*histories, *logs]:
        for entry in entries:
            for item in entry["items"]:
                if item.get("fieldId"):
                    names[item["fieldId"]] = item["field"]
    values: dict[str, Any] = {}
    for issue in issues:
        for name, value in issue["fields"].items():
            if values.get(name) is None:
                values[name] = value
    return [
        _field(name, names.get(name), value)
        for name, value in values.items()
        if name not in _LEFT_OUT
    ]


def _field(identity: str, name: str | None, value: Any) -> Node:
    is_custom = identity.startswith("customfield_")
    called = name if is_custom and name else identity
    found: Node = {
        "id": identity, "key": identity, "name": called, "custom": is_custom, "orderable": True,
        "navigable": True, "searchable": True,
    }  # fmt: skip
    if not is_custom:
        found["clauseNames"] = [identity]
        found["schema"] = _schema(_SYSTEM.get(identity), _LISTS.get(identity), value)
        found["schema"]["system"] = identity
        return found
    number = int(identity.rpartition("_")[2])
    found |= {"untranslatedName": called, "clauseNames": [f"cf[{number}]", called]}
    kind, items, custom = _KINDS.get(called, (None, None, None))
    found["schema"] = _schema(kind, items, value)
    if custom is None:
        told = found["schema"]["type"]
        types = {"number": "float", "string": "textfield", "array": "multiselect"}
        custom = f"com.atlassian.jira.plugin.system.customfieldtypes:{types.get(told, 'textarea')}"
    found["schema"] |= {"custom": custom, "customId": number}
    return found


def _schema(kind: str | None, items: str | None, value: Any) -> Node:
    if items is not None or (kind is None and isinstance(value, list)):
        return {"type": "array", "items": items or "string"}
    if kind is None:
        kind = next((its for type_, its in _SCALARS.items() if isinstance(value, type_)), "any")
    return {"type": kind}
