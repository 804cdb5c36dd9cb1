"""Which fields of a site hold story points, sprints, the flag and the epic.

Found by the kind of field and its name, never by its number: that is another one on every site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.loading.batches import Row
from ingestion.settings import JiraConnection, SettingsError

SPRINT_KIND = "com.pyxis.greenhopper.jira:gh-sprint"
POINTS_KIND = "com.pyxis.greenhopper.jira:jsw-story-points"
EPIC_KIND = "com.pyxis.greenhopper.jira:gh-epic-link"
_NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"
_CHECKBOXES = "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"

# Names of the field that Jira makes for a company-managed project, and its translations.
_POINTS_NAMES = {
    "story points",
    "story point estimate",
    "storypoints",
    "story-points",
    "story point",
    "story-punkte",
    "storypunkte",
    "points d'histoire",
    "points de story",
    "puntos de historia",
    "story points estimate",
    "pontos de história",
    "pontos da história",
    "punti storia",
    "verhaalpunten",
    "storypoint",
    "故事点",
    "故事點數",
    "故事点数",
    "故事点估算",
    "ストーリーポイント",
    "ストーリー ポイント",
    "스토리 포인트",
    "сложность в стори-поинтах",
    "стори поинты",
    "оценка в стори поинтах",
}
_FLAG_NAMES = {"flagged", "markiert", "gekennzeichnet", "marqué", "marcado", "标记", "フラグ付き"}

# Jira's own fields that a row is made of.
_SYSTEM = (
    "summary",
    "description",
    "project",
    "issuetype",
    "status",
    "priority",
    "resolution",
    "labels",
    "components",
    "fixVersions",
    "creator",
    "reporter",
    "assignee",
    "parent",
    "created",
    "updated",
    "resolutiondate",
    "duedate",
    "timeoriginalestimate",
    "timespent",
    "issuelinks",
    "comment",
    "worklog",
)
# Fields whose changes carry what people wrote; custom texts are told by their schema.
_TEXTS = {"summary", "description", "environment", "comment"}


@dataclass(frozen=True)
class Fields:
    """The fields of a site; lists of ids in the order in which they are asked."""

    rows: list[Row]
    story_points: tuple[str, ...] = ()
    sprint: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    epic: tuple[str, ...] = ()
    structured: frozenset[str] = frozenset()
    """Ids of the fields whose values are no texts of people."""

    def asked(self) -> list[str]:
        """What a search has to ask for."""
        return [*_SYSTEM, *self.story_points, *self.sprint, *self.flagged, *self.epic]

    def holds_text(self, field_id: str | None, name: str) -> bool:
        """Whether changes of a field show what people wrote; an unknown custom field may."""
        if field_id:
            return field_id not in self.structured
        return name.lower() in _TEXTS


def chosen(
    payloads: Iterable[Mapping[str, Any]],
    connection: JiraConnection,
    boards_using: Mapping[str, int] | None = None,
) -> Fields:
    """The fields of a site and what they are used as.

    Story points: Jira's own kind of field first, then number fields with the name (untranslated
    before translated), each by how many boards estimate with it, then by age. An issue's
    estimate is the first of them that has a value. Raises SettingsError for an override that
    the site does not have, or that is of another kind.
    """
    known = {str(payload["id"]): payload for payload in payloads}
    points = _overridden(connection, "story_points_field", known)
    if points is not None:
        if _schema(known[points]).get("type") != "number":
            raise SettingsError(_wrong(connection, "story_points_field", points, "no number"))
        story_points: tuple[str, ...] = (points,)
    else:
        story_points = _story_points(known, boards_using or {})
    sprint = _overridden(connection, "sprint_field", known)
    if sprint is not None:
        if _kind(known[sprint]) != SPRINT_KIND:
            raise SettingsError(_wrong(connection, "sprint_field", sprint, "no field of sprints"))
        sprints: tuple[str, ...] = (sprint,)
    else:
        sprints = tuple(id_ for id_ in _by_age(known) if _kind(known[id_]) == SPRINT_KIND)
    flagged = tuple(id_ for id_ in _by_age(known) if _is_flag(known[id_]))
    epic = tuple(id_ for id_ in _by_age(known) if _kind(known[id_]) == EPIC_KIND)
    used = {
        id_: (use, position)
        for use, ids in (("story_points", story_points), ("sprint", sprints), ("flagged", flagged))
        for position, id_ in enumerate(ids, 1)
    }
    return Fields(
        rows=[_row(payload, used.get(id_, (None, None))) for id_, payload in known.items()],
        story_points=story_points,
        sprint=sprints,
        flagged=flagged,
        epic=epic,
        structured=frozenset(id_ for id_, payload in known.items() if not _is_text(payload)),
    )


def rivals(payloads: Iterable[Mapping[str, Any]]) -> bool:
    """Whether several fields could hold story points, so that the boards have to be asked."""
    known = {str(payload["id"]): payload for payload in payloads}
    kinds = [id_ for id_ in known if _kind(known[id_]) == POINTS_KIND]
    return len(_story_points(known, {})) > 1 and (
        len(kinds) > 1 or len(_story_points(known, {})) - len(kinds) > 1
    )


def _story_points(
    known: Mapping[str, Mapping[str, Any]], boards_using: Mapping[str, int]
) -> tuple[str, ...]:
    candidates: list[tuple[int, int, int, str]] = []
    for id_ in known:
        payload = known[id_]
        names = [str(payload.get(name) or "").strip().lower() for name in _NAMES]
        if _kind(payload) == POINTS_KIND:
            rank = 0
        elif _kind(payload) == _NUMBER and names[0] in _POINTS_NAMES:
            rank = 1
        elif _kind(payload) == _NUMBER and names[1] in _POINTS_NAMES:
            rank = 2
        else:
            continue
        candidates.append((rank, -boards_using.get(id_, 0), _number(id_), id_))
    return tuple(candidate[-1] for candidate in sorted(candidates))


_NAMES = ("untranslatedName", "name")


def _is_flag(payload: Mapping[str, Any]) -> bool:
    names = {str(payload.get(name) or "").strip().lower() for name in _NAMES}
    return _kind(payload) == _CHECKBOXES and bool(names & _FLAG_NAMES)


def _is_text(payload: Mapping[str, Any]) -> bool:
    """Whether people write freely in it (summary, descriptions, text fields)."""
    schema = _schema(payload)
    if payload.get("custom"):
        # Without a schema nothing is known of it. Epic links are strings of Jira's own making.
        return schema.get("type") in ("string", "any", None) and _kind(payload) != EPIC_KIND
    return str(payload["id"]) in _TEXTS


def _overridden(
    connection: JiraConnection, setting: str, known: Mapping[str, Mapping[str, Any]]
) -> str | None:
    wanted = getattr(connection, setting)
    if wanted is None:
        return None
    if wanted in known:
        return str(wanted)
    named = [id_ for id_, payload in known.items() if wanted in (payload.get(n) for n in _NAMES)]
    if len(named) == 1:
        return named[0]
    why = f"{len(named)} fields are called so; write an id" if named else "the site has none"
    raise SettingsError(f'[[jira]] "{connection.name}", {setting}: "{wanted}": {why}')


def _wrong(connection: JiraConnection, setting: str, id_: str, why: str) -> str:
    return f'[[jira]] "{connection.name}", {setting}: "{id_}" is {why}'


def _schema(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return payload.get("schema") or {}


def _kind(payload: Mapping[str, Any]) -> str | None:
    return _schema(payload).get("custom")


def _number(id_: str) -> int:
    digits = id_.rpartition("_")[2]
    return int(digits) if digits.isdigit() else 0


def _by_age(ids: Iterable[str]) -> Sequence[str]:
    return sorted(ids, key=lambda id_: (_number(id_), id_))


def _row(payload: Mapping[str, Any], used: tuple[str | None, int | None]) -> Row:
    return {
        "id": str(payload["id"]),
        "name": payload["name"],
        "untranslated_name": payload.get("untranslatedName"),
        "is_custom": bool(payload.get("custom")),
        "schema_type": _schema(payload).get("type"),
        "schema_custom": _kind(payload),
        "used_as": used[0],
        "preference": used[1],
    }
