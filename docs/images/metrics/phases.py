"""The phases of a pull request: one way, a phase lit in each picture, and an edge of it."""

from __future__ import annotations

from collections.abc import Callable

from signs import LEFT, RIGHT, Picture, Place, along

PHASES = (
    ("coding", 0, 24, "24 h"),
    ("pickup", 24, 29, "5 h"),
    ("review", 29, 51, "22 h"),
    ("deploy", 51, 72, "21 h"),
)


def phase(name: str, story: str, edge: Callable[[Picture, Place], None]) -> Picture:
    """A pull request's way with one of its phases lit, and an edge of it below."""
    p = Picture(240, story)
    at = along(0, 73)
    p.ticks(
        22,
        [
            (at(hour), words)
            for hour, words in (
                (0, "Mon 9:00"),
                (24, "Tue 9:00"),
                (48, "Wed 9:00"),
                (72, "Thu 9:00"),
            )
        ],
    )
    p.lane(64, "pull request")
    p.commit(at(0), 64)
    p.commit(at(4), 64)
    p.put("circle", "card", cx=at(11), cy=64, r=7)
    p.put("circle", "s-mute d", cx=at(11), cy=64, r=6)
    p.opened(at(24), 64)
    p.response(at(29), 64)
    p.merged(at(51), 64)
    p.deployed(at(72), 64)
    labels = (
        (0, "first commit", "mute", "start"),
        (11, "draft", "mute", "middle"),
        (24, "ready", "join", "middle"),
        (29, "first response", "join", "start"),
        (51, "merged", "join", "middle"),
        (72, "deployed", "good", "middle"),
    )
    for hour, words, kind, anchor in labels:
        x = at(hour) - (6 if hour in (0, 29) else 0)
        p.text(x, 48, words, f"{kind} l", anchor)
    for phase_name, start, end, hours in PHASES:
        words = f"{phase_name} {hours}" if end - start > 6 else hours
        p.span(at(start), at(end), 100, words, "hot" if phase_name == name else "mute")
    p.line(14, 130, RIGHT, 130, "line p")
    edge(p, at)
    return p


def coding_time() -> Picture:
    """From the first commit to ready."""

    def edge(p: Picture, at: Place) -> None:
        p.lane(166, "force-pushed")
        p.opened(at(12), 166)
        p.text(at(12), 150, "opened", "join l")
        p.commit(at(30), 166)
        p.text(at(30), 150, "its only commit, authored anew", "mute l", "start")
        p.merged(at(58), 166)
        p.text(
            at(12) - 8,
            192,
            "authored after the opening: coding is null, not −18 h",
            "bad l",
            "start",
        )
        p.formula(226, "coding = ready for review − first commit authored = 24 h", LEFT)

    return phase(
        "coding",
        "A pull request: first commit Monday 9:00, opened as a draft, ready Tuesday 9:00: coding "
        "time 24 hours. Below, one whose only commit was authored after it was opened: null.",
        edge,
    )


def pickup_time() -> Picture:
    """From ready to the first response."""

    def edge(p: Picture, at: Place) -> None:
        p.lane(166, "no response")
        p.opened(at(20), 166)
        p.text(at(20), 150, "ready", "join l")
        for hour, words in ((24, "bot"), (32, "author")):
            p.response(at(hour), 166, "mute")
            p.text(at(hour), 150, words, "mute l")
        p.merged(at(40), 166)
        p.text(at(40), 150, "merged", "join l")
        p.response(at(50), 166, "mute")
        p.text(at(50), 150, "after the merge", "mute l")
        p.text(
            at(20) - 8,
            192,
            "nobody else answered before the merge: pickup and review are null",
            "bad l",
            "start",
        )
        p.formula(226, "pickup = first response by another person − ready for review = 5 h", LEFT)

    return phase(
        "pickup",
        "A pull request: ready Tuesday 9:00, first response by another person 14:00: pickup time "
        "5 hours. Below, one answered only by a bot, by its author, and after the merge: null.",
        edge,
    )


def review_time() -> Picture:
    """From the first response to the merge."""

    def edge(p: Picture, at: Place) -> None:
        p.lane(166, "early answer")
        p.response(at(10), 166)
        p.text(at(10), 150, "answered as a draft", "join l")
        p.opened(at(22), 166)
        p.text(at(22) + 6, 150, "ready", "join l")
        p.merged(at(44), 166)
        p.text(at(44), 150, "merged", "join l")
        p.span(at(10), at(44), 192, "review 34 h")
        p.text(at(44) + 10, 196, "pickup is null: it would be negative", "bad l", "start")
        p.formula(226, "review = merged − first response by another person = 22 h", LEFT)

    return phase(
        "review",
        "A pull request: first response Tuesday 14:00, merged Wednesday 12:00: review time 22 "
        "hours. Below, one answered while a draft: review runs from that answer, pickup is null.",
        edge,
    )


def deploy_time() -> Picture:
    """From the merge to the first production deployment that holds it."""

    def edge(p: Picture, at: Place) -> None:
        p.lane(166, "two steps")
        p.merged(at(12), 166)
        p.text(at(12), 150, "merged", "join l")
        p.deployed(at(20), 166, "mute")
        p.text(at(20), 150, "staging", "mute l")
        p.deployed(at(36), 166)
        p.text(at(36), 150, "production", "good l")
        p.deployed(at(56), 166)
        p.text(at(56), 150, "next one", "mute l")
        p.span(at(12), at(36), 192, "deploy 24 h")
        p.text(at(36) + 10, 196, "the first in production that holds it", "mute l", "start")
        p.formula(226, "deploy = deployed − merged = 21 h", LEFT)

    return phase(
        "deploy",
        "A pull request: merged Wednesday 12:00, deployed Thursday 9:00: deploy time 21 hours. "
        "Below, one that went to staging first: only the first production deployment counts.",
        edge,
    )
