"""What failed, and how that ended."""

from __future__ import annotations

from signs import LEFT, RIGHT, Picture, along, week_ticks


def change_fail_rate() -> Picture:
    """Seven deployments, three failed, each for another reason."""
    p = Picture(
        220,
        "Seven production deployments. The second failed: two incidents opened before the third, "
        "counted once. The fourth failed: the fifth rolls it back. The sixth failed: the seventh "
        "ships a revert of its change. Three failed of seven is 0.43.",
    )
    at = along(0.5, 7.5)
    p.lane(56, "production")
    kinds = ("good", "bad", "good", "bad", "back", "bad", "good")
    for place, kind in enumerate(kinds, 1):
        p.deployed(at(place), 56, kind)
        p.text(at(place), 32, str(place), "mute l")
    p.text(at(2), 88, "incident", "bad b l")
    p.text(at(4), 88, "rollback", "bad b l")
    p.text(at(5), 88, "back to 3", "back l")
    p.text(at(6), 88, "revert", "bad b l")
    p.text(at(7), 88, "reverts 6", "mute l")
    p.text(14, 126, "incidents", "ink b", "start")
    p.incident(at(2.3), 118, at(2.62))
    p.incident(at(2.5), 138, at(3.3))
    p.link(at(2.3) - 8, 112, at(2) + 4, 94)
    p.link(at(2.5) - 8, 134, at(2), 94)
    p.text(at(3.4), 132, "two incidents, one failed deployment", "mute l", "start")
    p.span(at(0.5), at(7.5), 172, "7 production deployments finished in the period")
    p.formula(206, "value = 3 failed / 7 = 0.43", LEFT)
    p.text(RIGHT, 206, "failure_reasons: incident, rollback, revert", "mute l", "end")
    return p


def failed_deployment_recovery_time() -> Picture:
    """A recovery by incidents, one by a rollback, one still open."""
    p = Picture(
        262,
        "One day. The deployment of 10:00 failed; its two incidents were resolved at 11:00 and "
        "12:30, so it recovered after 2.5 hours. The one of 14:00 was rolled back at 14:45, after "
        "0.75 hours. The one of 17:00 has an incident still open: it is in open_count.",
    )
    at = along(9.5, 19)
    p.ticks(22, [(at(hour), f"{hour}:00") for hour in range(10, 20)])
    p.lane(58, "production")
    for hour, kind in ((10, "bad"), (14, "bad"), (14.75, "back"), (17, "bad")):
        p.deployed(at(hour), 58, kind)
    p.text(14, 104, "incidents", "ink b", "start")
    p.incident(at(10 + 1 / 3), 96, at(11))
    p.incident(at(10 + 2 / 3), 122, at(12.5))
    p.incident(at(17.5), 96, None)
    p.text(at(17.7), 120, "still open", "bad l", "start")
    for x, top in ((at(10), 68), (at(12.5), 131), (at(14), 68), (at(14.75), 68)):
        p.line(x, top, x, 154, "hot d p")
    p.span(at(10), at(12.5), 166, "2.5 h")
    p.span(at(14), at(14.75), 166, "0.75 h")
    p.text((at(14) + at(14.75)) / 2, 194, "until the rollback", "mute l")
    p.text((at(10) + at(12.5)) / 2, 194, "until its last incident was resolved", "mute l")
    p.text(at(17), 170, "open_count = 1", "bad b l")
    p.formula(224, "value = lower median(0.75, 2.5) = 0.75 h", LEFT)
    p.text(
        LEFT,
        246,
        "sample_size = 2 of 3 failed: status insufficient_data, so no band",
        "mute l",
        "start",
    )
    return p


def deployment_rework_rate() -> Picture:
    """Six deployments, four unplanned."""
    p = Picture(
        178,
        "Six production deployments. Unplanned are the second, which ships a hotfix, the third, "
        "which ships a change that resolves an incident, the fifth, a rollback, and the sixth, "
        "which ships a revert. Four of six is 0.67.",
    )
    at = along(0.5, 6.5)
    p.lane(56, "production")
    rows = (
        ("good", "features", "planned", "mute"),
        ("good", "label hotfix", "hotfix", "hot"),
        ("good", "fixes an incident", "incident_fix", "hot"),
        ("bad", "feature", "planned", "mute"),
        ("back", "back to the third", "rollback", "hot"),
        ("good", "Revert “feature”", "revert", "hot"),
    )
    for place, (kind, ships, reason, tone) in enumerate(rows, 1):
        x = at(place)
        if tone == "hot":
            p.put("rect", "hot t", x=x - 56, y=38, width=112, height=74, rx=4)
        p.deployed(x, 56, kind)
        p.text(x, 84, ships, "ink l")
        p.text(x, 104, reason, f"{tone} b l")
    p.formula(146, "value = 4 unplanned / 6 production deployments = 0.67", LEFT)
    p.text(LEFT, 166, "the fourth failed, and was planned all the same", "mute l", "start")
    return p


def time_to_restore_service() -> Picture:
    """Three incidents resolved in the week, one not."""
    p = Picture(
        264,
        "A week. An incident opened on Sunday before and resolved on Monday counts with 10 hours. "
        "One closed, reopened and closed again counts from its opening to its last close, 24 "
        "hours. One without any deployment counts with 4 hours. One still open on Sunday does not "
        "count. Median 10 hours.",
    )
    at = along(-0.5, 7.3)
    week_ticks(p, 24, at, 196)
    p.put("rect", "hot t", x=at(0), y=32, width=at(7) - at(0), height=164)
    rows = (
        (-2 / 24, 8 / 24, "10 h", "opened before the week"),
        (1 + 9 / 24, 2 + 9 / 24, "24 h", "closed, reopened, closed: the last close counts"),
        (3 + 10 / 24, 3 + 14 / 24, "4 h", "no deployment to blame: counts all the same"),
    )
    for row, (opened, resolved, hours, words) in enumerate(rows):
        y = 58 + row * 38
        p.text(14, y + 4, f"incident {row + 1}", "ink b", "start")
        p.incident(at(opened), y, at(resolved))
        p.text(at(resolved) + 14, y + 4, hours, "hot b l", "start")
        p.text(at(resolved) + 52, y + 4, words, "mute l", "start")
    x = (at(1 + 12 / 24), at(1 + 20 / 24))
    p.line(x[0], 90, x[0], 102, "good")
    p.line(x[1], 90, x[1], 102, "bad")
    p.text(14, 176, "incident 4", "mute b", "start")
    p.incident(at(5.5), 172, None)
    p.text(at(5.5) - 14, 176, "still open: not in it", "mute l", "end")
    p.span(at(0), at(7), 212, "resolved in the period")
    p.formula(248, "value = median(4, 10, 24) = 10 h", LEFT)
    p.text(RIGHT, 248, "each: resolved − opened", "mute l", "end")
    return p
