"""How far a long step is: log lines that people read in the UI and `sei run` turns into a bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`done` of `total` of something, and what came last."""

    what: str
    done: int
    total: int
    detail: str = ""

    def __str__(self) -> str:
        """`repositories of github: 3 of 40 (acme/checkout)`."""
        tail = f" ({self.detail})" if self.detail else ""
        return f"{self.what}: {self.done} of {self.total}{tail}"


# Set by the process that `sei run` starts.
listener: Callable[[Progress], None] | None = None
on_notice: Callable[[str], None] | None = None


def notice(text: str, log: Callable[[str], None]) -> None:
    """Logs what people at the terminal should read, though nothing is wrong."""
    log(text)
    if on_notice is not None:
        on_notice(text)


def reporter(what: str, log: Callable[[str], None]) -> Callable[[int, int, str], None]:
    """A callback (done, total, detail) that logs each percent at most once."""
    last = -1

    def report(done: int, total: int, detail: str = "") -> None:
        nonlocal last
        percent = 100 * done // max(total, 1)
        if percent != last:
            last = percent
            progress = Progress(what, done, total, detail)
            log(str(progress))
            if listener is not None:
                listener(progress)

    return report
