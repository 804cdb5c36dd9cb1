"""The JQL that is asked. Times are epoch milliseconds: texts would be read in the time zone of
the account, and cut to minutes (support.atlassian.com, "JQL fields": updated)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

# The search index lags behind the issues for seconds, at times for minutes (Atlassian: "search
# and reconcile"); what is compared has a precision of a minute.
OVERLAP = timedelta(minutes=15)
# The id of the category "done", the same on every site, whatever its language.
_DONE = 3

# Milliseconds; what is compared is cut to minutes.
_MINUTE = 60_000
_ORDER = "ORDER BY updated ASC, id ASC"


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, rounded down."""
    return int(moment.astimezone(UTC).timestamp() * 1000)


def changed_in_project(project_id: str, since: datetime, start: datetime | None) -> str:
    """Issues of a project, oldest change first: those changed since `since` and all that are
    not done (an old open issue is work in progress too); from `start` on, if there is one."""
    conditions = [f"project = {project_id}"]
    if start is not None:
        conditions.append(f"updated >= {milliseconds(start)}")
    if start is None or start < since:
        conditions.append(f"(updated >= {milliseconds(since)} OR statusCategory != {_DONE})")
    return f"{' AND '.join(conditions)} {_ORDER}"


def in_history(project_ids: Sequence[str], since: datetime) -> str:
    """Issues of several projects that a first sync reads."""
    changed = f"updated >= {milliseconds(since)} OR statusCategory != {_DONE}"
    return f"{_in('project', project_ids)} AND ({changed})"


def older_in_project(project_id: str, since: datetime, until: datetime) -> str:
    """Issues of a project whose last change lies between the two, oldest change first."""
    between = f"updated >= {milliseconds(since)} AND updated < {milliseconds(until) + _MINUTE}"
    return f"project = {project_id} AND {between} {_ORDER}"


def changed_anywhere(project_ids: Sequence[str], start: datetime) -> str:
    """Issues of several projects changed from `start` on, oldest change first."""
    return f"{_in('project', project_ids)} AND updated >= {milliseconds(start)} {_ORDER}"


def in_active_sprints(project_ids: Sequence[str]) -> str:
    """Issues of several projects that are in sprints that have begun and not ended."""
    return f"{_in('project', project_ids)} AND sprint in openSprints() ORDER BY id ASC"


def all_of(project_ids: Sequence[str]) -> str:
    """All issues of several projects."""
    return f"{_in('project', project_ids)} ORDER BY id ASC"


def with_ids(issue_ids: Sequence[str]) -> str:
    """These issues."""
    return f"{_in('id', issue_ids)} {_ORDER}"


def _in(field: str, ids: Sequence[str]) -> str:
    return f"{field} in ({', '.join(ids)})"
