"""What deployments are counted when, and what they ship."""

from __future__ import annotations

from signs import LEFT, RIGHT, Picture, along, week_ticks


def periods() -> Picture:
    """Days in New York and in UTC."""
    p = Picture(
        318,
        "March 2026 in New York, above in UTC. A deployment on Tuesday 10 at 23:30 local time is "
        "Wednesday 11, 3:30 in UTC, and counts for Tuesday. Sunday 8 has 23 hours and is one day. "
        "As of Wednesday 11, 10:00, the week has three days elapsed and is partial; the rolling "
        "windows end at the last local midnight.",
    )
    # Hours since Saturday 7 March 2026, 0:00 UTC.
    at = along(0, 126)
    names = ("Sat 7", "Sun 8", "Mon 9", "Tue 10", "Wed 11")
    p.text(14, 44, "UTC", "mute b", "start")
    p.line(LEFT, 40, RIGHT, 40)
    for day, name in enumerate(names):
        p.line(at(day * 24), 34, at(day * 24), 46)
        p.text(at(day * 24 + 12), 28, name, "mute l")
    p.line(at(120), 34, at(120), 46)
    p.text(14, 104, "New York", "ink b", "start")
    p.line(LEFT, 100, RIGHT, 100)
    # −5 h, from Sunday 2:00 local time on −4 h.
    midnights = (5, 29, 52, 76, 100, 124)
    for day, x in enumerate(midnights):
        p.line(at(x), 92, at(x), 108, "ink")
        if day < 5:
            middle = (x + midnights[day + 1]) / 2
            p.text(at(middle if day < 4 else 117), 122, names[day], "ink l")
    p.put("rect", "back t", x=at(29), y=92, width=at(52) - at(29), height=16)
    p.text(at(40.5), 84, "23 hours, one day", "back l")
    night = at(99.5)
    p.line(night, 40, night, 200, "good d")
    p.deployed(night, 70)
    p.text(night - 14, 66, "23:30 local time:", "good l", "end")
    p.text(night - 14, 81, "Tuesday’s", "good b l", "end")
    now = at(110)
    p.line(now, 92, now, 232, "bad d")
    p.text(now, 248, "as of Wed 10:00", "bad l")
    p.text(night + 14, 66, "3:30 in UTC,", "mute l", "start")
    p.text(night + 14, 81, "Wednesday", "mute l", "start")
    rows = (
        (150, "day", 76, 100, "Tue 10", "hot"),
        (184, "week", 52, 126, "days = 3 so far, is_partial", "hot"),
        (218, "rolling_30d", 0, 100, "30 complete days, to the last local midnight", "hot"),
    )
    for y, name, start, end, words, kind in rows:
        p.text(14, y + 4, name, "ink b", "start")
        p.span(at(start), at(end), y, words if name != "week" else "", kind)
    p.text(at(54), 188, "days = 3: is_partial", "hot b l", "start")
    p.formula(258, "period of a row = the local date of its time", LEFT)
    p.text(
        LEFT,
        280,
        "rates divide by local dates: a day of 23 hours is one day, a running week ends today",
        "mute l",
        "start",
    )
    p.text(
        LEFT,
        300,
        "a rolling window ends at each week’s start, and the latest one at the last local midnight",
        "mute l",
        "start",
    )
    return p


def what_a_deployment_ships() -> Picture:
    """A commit graph in the colours of the deployments that shipped it."""
    p = Picture(
        312,
        "A commit graph. Deployment A of commit 2 is the baseline: commits 1 and 2 are shipped by "
        "none. B of commit 6 ships 3 to 6, the branch merged by 6 included. C of commit 8 ships 7 "
        "and 8. D goes back to commit 6: a rollback, ships nothing, and C failed. E of commit 10 "
        "ships 9 and 10. Commit 11 is not deployed.",
    )
    at = along(1, 11, 60, 820)
    main, branch, line = 96, 44, 186
    tones = {1: "mute", 2: "mute", 3: "hot", 4: "hot", 5: "hot", 6: "hot", 7: "join", 8: "join"}
    tones |= {9: "good", 10: "good"}
    for a, b in ((1, 2), (2, 3), (3, 6), (6, 7), (7, 8), (8, 9), (9, 10), (10, 11)):
        p.line(at(a), main, at(b), main)
    for (a, ya), (b, yb) in (
        ((3, main), (4, branch)),
        ((4, branch), (5, branch)),
        ((5, branch), (6, main)),
    ):
        p.line(at(a), ya, at(b), yb)
    for commit in range(1, 12):
        y = branch if commit in (4, 5) else main
        if commit == 11:
            p.put("circle", "card", cx=at(11), cy=y, r=11)
            p.put("circle", "s-mute d", cx=at(11), cy=y, r=10)
            p.text(at(11), y + 4, "11", "mute l")
            continue
        p.put("circle", tones[commit], cx=at(commit), cy=y, r=11)
        p.text(at(commit), y + 4, str(commit), "card b l")
    p.text(at(1) - 11, 26, "commits (parents to the left)", "mute l", "start")
    p.text(at(4.5), 76, "#41", "hot l")
    p.text(at(11) + 11, 76, "not deployed", "mute l", "end")
    p.text(160, 148, "deployments, in order of finish", "mute l", "start")
    p.line(49, line, RIGHT, line)
    steps = (
        (2, "A", "good", 2, "mute", "baseline", "ships nothing"),
        (4.3, "B", "good", 6, "hot", "ships 3, 4, 5, 6", "#41 by its merge, 6"),
        (6.5, "C", "bad", 8, "join", "ships 7, 8", "fails: rolled back"),
        (8.2, "D", "back", 6, "back", "rollback", "ships nothing"),
        (10, "E", "good", 10, "good", "ships 9, 10", "not 7, 8 again"),
    )
    for place, name, kind, commit, tone, first, second in steps:
        p.line(at(place), line - 10, at(commit), main + 14, f"{tone} d")
        p.deployed(at(place), line, kind)
        p.text(at(place) - 22, line + 5, name, "ink b")
        p.text(at(place), line + 32, first, f"{tone} b l")
        p.text(at(place), line + 50, second, "mute l")
    p.formula(
        270,
        "shipped by = the first deployment, by finished_at, whose commit reaches the change",
        49,
    )
    p.text(
        49,
        292,
        "reaches: through parent links, itself included; per service, environment and repository",
        "mute l",
        "start",
    )
    return p


def deployment_frequency() -> Picture:
    """A week with five that count and three that don't."""
    p = Picture(
        196,
        "A week from Monday to Sunday. Production: five deployments count, one of them a rollback; "
        "a failed run does not. Staging does not count. Five by seven days is 0.71 per day.",
    )
    at = along(0, 7)
    week_ticks(p, 24, at, 138)
    p.lane(64, "production")
    for day, kind in (
        (0.62, "good"),
        (1.42, "good"),
        (3.38, "good"),
        (3.7, "back"),
        (4.58, "good"),
    ):
        p.deployed(at(day), 64, kind)
    p.deployed(at(1.72), 64, "mute")
    p.text(at(1.72), 90, "run failed", "mute l")
    p.text(at(3.7), 90, "rollback", "back l")
    p.lane(120, "staging", "mute")
    for day in (0.5, 3.2):
        p.deployed(at(day), 120, "mute")
    p.span(at(0), at(7), 156, "7 days (elapsed days while the week runs)")
    p.formula(184, "value = 5 production deployments / 7 days = 0.71 per day", LEFT)
    p.text(RIGHT, 184, "deployment_days = 4", "mute l", "end")
    return p


def change_lead_time() -> Picture:
    """Three changes in two deployments; a fourth is not deployed."""
    p = Picture(
        276,
        "Three changes over four days. Pull request 41: first commit to the first deployment, "
        "30 hours. Pull request 42: 44 hours to the second deployment. A direct push: 12 hours to "
        "the second. Pull request 43 is merged but not deployed and is not in it. Median 30 hours.",
    )
    at = along(0, 96)
    for day in range(4):
        p.text(at(day * 24 + 12), 22, f"day {day + 1}", "mute l")
    for day in range(5):
        p.line(at(day * 24), 26, at(day * 24), 35)
    p.lane(58, "production")
    first, second = at(39), at(81)
    for x, words in ((first, "first deployment"), (second, "second deployment")):
        p.line(x, 68, x, 198, "good d")
        p.deployed(x, 58)
        p.text(x - 14, 48, words, "good l", "end")
    changes = (
        ("#41", 9, 34, first, "30 h"),
        ("#42", 37, 57, second, "44 h"),
        ("push", 69, None, second, "12 h"),
    )
    for row, (name, authored, merged, deployed, hours) in enumerate(changes):
        y = 100 + row * 38
        p.text(14, y + 4, name, "ink b", "start")
        p.span(at(authored), deployed, y, hours, at=0.7 if name == "#42" else 0.45)
        p.commit(at(authored), y)
        if merged is not None:
            p.merged(at(merged), y)
    p.text(at(9) - 10, 104, "first commit", "mute l", "end")
    p.text(at(34) - 10, 104, "merged", "join l", "end")
    y = 214
    p.text(14, y + 4, "#43", "mute b", "start")
    p.line(at(76), y, at(94), y, "line d")
    p.commit(at(76), y)
    p.merged(at(89), y)
    p.text(at(76) - 12, y + 4, "merged, not deployed yet: not in it", "mute l", "end")
    p.formula(258, "value = median(12, 30, 44) = 30 h", LEFT)
    p.text(RIGHT, 258, "each: deployed − first commit authored", "mute l", "end")
    return p
