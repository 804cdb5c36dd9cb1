"""The signs of the metrics' pictures: plain SVG, readable on a light and on a dark page.

A picture is a card, so that it can be read on any page; where the browser tells that the reader
prefers dark, the card is dark too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

# A time, in whatever unit, to its x.
Place = Callable[[float], float]

WIDTH = 880
LEFT, RIGHT = 130, 856

# class: (light, dark)
COLOURS = {
    "ink": ("#1f2328", "#f0f6fc"),
    "mute": ("#59636e", "#9198a1"),
    "line": ("#b6bec7", "#4d555e"),
    "hot": ("#0969da", "#58a6ff"),
    "good": ("#1a7f37", "#3fb950"),
    "bad": ("#cf222e", "#ff6a61"),
    "back": ("#9a6700", "#d29922"),
    "join": ("#8250df", "#b083f0"),
    "card": ("#ffffff", "#0d1117"),
}


def _style() -> str:
    def rules(scheme: int) -> str:
        return "".join(
            f".{name}{{fill:{both[scheme]}}}.s-{name}{{stroke:{both[scheme]};fill:none}}"
            for name, both in COLOURS.items()
        )

    return (
        "text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}"
        ".b{font-weight:600}.l{font-size:12px}.t{fill-opacity:.14}.p{opacity:.4}"
        ".s-line,.s-hot,.s-good,.s-bad,.s-back,.s-join,.s-mute{stroke-width:2}"
        ".d{stroke-dasharray:4 4}"
        f"{rules(0)}@media(prefers-color-scheme:dark){{{rules(1)}}}"
    )


def number(value: float) -> str:
    """At most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


class Picture:
    """A card of WIDTH by `height`; `story` is what a reader who can't see it is told."""

    def __init__(self, height: int, story: str) -> None:
        self.height = height
        self.story = story
        self.parts: list[str] = []

    def svg(self) -> str:
        """The picture as text."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" '
            f'width="{WIDTH}" height="{self.height}" role="img"><title>{escape(self.story)}</title>'
            f"<style>{_style()}</style>"
            f'<rect class="card" width="{WIDTH}" height="{self.height}" rx="8"/>'
            f'<rect class="s-line" x=".5" y=".5" width="{WIDTH - 1}" height="{self.height - 1}" '
            f'rx="8" style="stroke-width:1"/>' + "\n".join(self.parts) + "</svg>\n"
        )

    def put(self, tag: str, kind: str, **attributes: float | str) -> None:
        """An element of the class."""
        its = "".join(
            f' {name.replace("_", "-")}="{number(v) if isinstance(v, int | float) else v}"'
            for name, v in attributes.items()
        )
        self.parts.append(f'<{tag} class="{kind}"{its}/>')

    def text(
        self, x: float, y: float, words: str, kind: str = "ink", anchor: str = "middle"
    ) -> None:
        """Words on the base line y."""
        at = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(
            f'<text class="{kind}" x="{number(x)}" y="{number(y)}"{at}>{escape(words)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str = "line") -> None:
        """A line; the kind may have `d` (dashed) or `p` (pale) after it."""
        self.put("path", f"s-{kind}", d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}")

    def lane(self, y: float, name: str, kind: str = "ink", start: float = LEFT) -> None:
        """A time line with its name at the left."""
        self.text(14, y + 4, name, f"{kind} b", "start")
        self.line(start, y, RIGHT, y)

    def ticks(self, y: float, at: Sequence[tuple[float, str]]) -> None:
        """Names of times above their ticks."""
        for x, words in at:
            self.line(x, y + 6, x, y + 12)
            self.text(x, y, words, "mute l")

    def formula(self, y: float, words: str, left: float = 14) -> None:
        """How the value comes about."""
        self.text(left, y, words, "hot b", "start")

    def commit(self, x: float, y: float, kind: str = "mute") -> None:
        """A filled dot."""
        self.put("circle", kind, cx=x, cy=y, r=6)

    def opened(self, x: float, y: float, kind: str = "join") -> None:
        """A ring: a pull request opened, ready for review."""
        self.put("circle", "card", cx=x, cy=y, r=7)
        self.put("circle", f"s-{kind}", cx=x, cy=y, r=6)

    def response(self, x: float, y: float, kind: str = "join") -> None:
        """A speech bubble."""
        self.put(
            "path",
            kind,
            d=f"M{number(x - 8)} {number(y - 7)}h16v11h-8l-5 5v-5h-3z",
        )

    def merged(self, x: float, y: float, kind: str = "join") -> None:
        """A dot with a hole in a ring: merged."""
        self.put("circle", kind, cx=x, cy=y, r=7)
        self.put("circle", "card", cx=x, cy=y, r=3)

    def deployed(self, x: float, y: float, kind: str = "good") -> None:
        """A square with its outcome: good ✓, bad ✗, back ↶, mute (not counted) empty."""
        left, top = x - 9, y - 9
        if kind == "mute":
            self.put("rect", "card", x=left, y=top, width=18, height=18, rx=3)
            self.put("rect", "s-mute d", x=left, y=top, width=18, height=18, rx=3)
            return
        self.put("rect", kind, x=left, y=top, width=18, height=18, rx=3)
        sign = {
            "good": "M-4 0l3 3.5 5-7",
            "bad": "M-4-4l8 8M4-4l-8 8",
            "back": "M5 4c0-6-5-6-9-5m3-3.500l-3.500 3.500 4 3",
        }[kind]
        self.parts.append(
            f'<path class="s-card" style="stroke-width:2" '
            f'transform="translate({number(x)} {number(y)})" d="{sign}"/>'
        )

    def incident(self, x: float, y: float, end: float | None, stop: float = RIGHT) -> None:
        """An incident from x until it was resolved at `end`; None: still open at `stop`."""
        until = stop if end is None else end
        self.line(x, y, until, y, "bad" if end is not None else "bad d")
        self.put("path", "bad", d=f"M{number(x)} {number(y - 8)}l8 8-8 8-8-8z")
        if end is not None:
            self.put("path", "card", d=f"M{number(end)} {number(y - 8)}l8 8-8 8-8-8z")
            self.put("path", "s-good", d=f"M{number(end)} {number(y - 7)}l7 7-7 7-7-7z")

    def span(
        self, x1: float, x2: float, y: float, words: str, kind: str = "hot", at: float = 0.5
    ) -> None:
        """A measured span: a band, its ends marked, and `at` a share of it what it comes to."""
        self.put("rect", f"{kind} t", x=x1, y=y - 11, width=x2 - x1, height=22)
        self.line(x1, y - 11, x1, y + 11, kind)
        self.line(x2, y - 11, x2, y + 11, kind)
        self.text(x1 + (x2 - x1) * at, y + 4.5, words, f"{kind} b l")

    def link(self, x1: float, y1: float, x2: float, y2: float, kind: str = "bad d") -> None:
        """What belongs to what."""
        self.line(x1, y1, x2, y2, kind)


def along(start: float, end: float, left: float = LEFT, right: float = RIGHT) -> Place:
    """A function from a time between start and end to its place on the line."""
    return lambda at: left + (at - start) / (end - start) * (right - left)


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def week_ticks(p: Picture, y: float, place: Place, bottom: float) -> None:
    """The days of a week, their borders drawn down to `bottom`."""
    for day, name in enumerate(DAYS):
        p.text(place(day + 0.5), y, name, "mute l")
    for day in range(8):
        p.line(place(day), y + 8, place(day), bottom, "line p")


def legend() -> Picture:
    """The signs."""
    p = Picture(84, "The signs used in the pictures of this page")
    signs: list[tuple[Callable[[float, float], None], str]] = [
        (p.commit, "commit"),
        (p.opened, "opened for review"),
        (p.response, "response"),
        (p.merged, "merged"),
        (lambda x, y: p.incident(x - 7, y, x + 20), "incident, resolved"),
        (lambda x, y: p.deployed(x, y), "deployed, held"),
        (lambda x, y: p.deployed(x, y, "bad"), "deployed, failed"),
        (lambda x, y: p.deployed(x, y, "back"), "rollback"),
        (lambda x, y: p.deployed(x, y, "mute"), "not counted"),
        (lambda x, y: p.span(x - 12, x + 20, y, ""), "measured span"),
    ]
    for place, (draw, words) in enumerate(signs):
        x, y = 28 + place % 5 * 172, 26 + place // 5 * 34
        draw(x, y)
        p.text(
            x + (34 if "incident" in words or "span" in words else 17),
            y + 4,
            words,
            "ink l",
            "start",
        )
    return p
