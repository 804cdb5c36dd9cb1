"""In which steps a history is read."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from ingestion.loading.history import History, Span, steps

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=1)


def state(since: datetime) -> dict[str, str]:
    return {"since": since.isoformat()}


def test_the_newest_ninety_days_come_first_and_the_start_of_the_history_last() -> None:
    since = NOW - 300 * DAYS
    assert steps(since, NOW) == [NOW - 90 * DAYS, NOW - 270 * DAYS, since]


def test_older_steps_are_longer_and_longer() -> None:
    assert [(NOW - start).days for start in steps(NOW - 3650 * DAYS, NOW)] == [
        90, 270, 630, 1350, 2790, 3650,
    ]  # fmt: skip


def test_a_small_unit_is_read_whole() -> None:
    history = History(NOW - 900 * DAYS, NOW, math.inf)
    assert history.span({}, is_small=True) == Span(NOW - 900 * DAYS)
    history.go_back()
    assert history.span(state(NOW - 30 * DAYS), is_small=True) == Span(
        NOW - 900 * DAYS, NOW - 30 * DAYS
    )


def test_a_short_history_is_one_step() -> None:
    assert steps(NOW - 90 * DAYS, NOW) == [NOW - 90 * DAYS]


def test_what_is_new_here_is_read_from_the_newest_step_on() -> None:
    assert History(NOW - 200 * DAYS, NOW, math.inf).span({}) == Span(NOW - 90 * DAYS)


def test_what_was_read_is_brought_up_to_date_as_far_back_as_it_goes() -> None:
    history = History(NOW - 200 * DAYS, NOW, math.inf)
    for known in (NOW - 30 * DAYS, NOW - 120 * DAYS, NOW - 400 * DAYS):
        assert history.span(state(known)) == Span(known)


def test_each_older_step_goes_on_where_the_last_one_ended() -> None:
    history = History(NOW - 200 * DAYS, NOW, math.inf)
    known, spans = NOW - 30 * DAYS, []
    while not history.is_done:
        history.go_back()
        if history.is_wanted(state(known)):
            spans.append(history.span(state(known)))
            known = spans[-1].since
    assert [span.since for span in spans] == steps(NOW - 200 * DAYS, NOW)
    assert [span.until for span in spans] == [NOW - 30 * DAYS, *(s.since for s in spans[:-1])]


def test_a_start_that_moves_with_the_clock_asks_for_nothing_older() -> None:
    history = History(NOW - 365 * DAYS, NOW, math.inf)
    assert not history.is_behind(state(NOW - 365 * DAYS - timedelta(hours=1)))
    assert history.is_behind(state(NOW - 364 * DAYS))
