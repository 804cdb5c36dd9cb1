"""Times as APIs write them."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(text: str | None) -> datetime | None:
    """The moment in UTC; a date without a zone is read as UTC, an unreadable one as None."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
