"""Page tokens: opaque, of one question only, and good for some time."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

BAD_TOKEN = "The provided next page token is invalid or has expired."


class TokenError(Exception):
    """A token that was made for another question, is too old, or is none."""


def made(question: str, place: Any) -> str:
    """A token that holds a place (of JSON's types) in the answer to a question."""
    held = json.dumps([_digest(question), time.time(), place])
    return base64.urlsafe_b64encode(held.encode()).decode().rstrip("=")


def place_in(token: str, question: str, lifetime: float) -> Any:
    """The place that the token holds; TokenError."""
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        digest, at, place = json.loads(packed)
        if digest == _digest(question) and at + lifetime > time.time():
            return place
    except (ValueError, TypeError):
        pass
    raise TokenError(BAD_TOKEN)


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:12]
