"""What can go wrong with an API, each with a message of one line for people."""

from __future__ import annotations


class ApiError(Exception):
    """A request that came to nothing; the message says what, where and what to do."""


class Unauthorized(ApiError):
    """The credential is wrong, expired or revoked."""


class Forbidden(ApiError):
    """The credential is right but may not do this."""


class NotFound(ApiError):
    """No such thing, or it is hidden from this credential."""


class Rejected(ApiError):
    """The request as such is refused (422): what it names does not exist or is not valid."""


class Unreachable(ApiError):
    """No answer, after all retries."""


class BadReply(ApiError):
    """An answer that can't be understood, after all retries."""


class Overloaded(ApiError):
    """The server gave up on this request; a smaller one may pass."""


class Stopped(ApiError):
    """The program is ending; nobody waits for the answer any more."""


def one_line(text: object, limit: int = 200) -> str:
    """The text on one line, cut at the limit."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
