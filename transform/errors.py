"""Errors meant for people: one line that says what, where and what to do."""

from __future__ import annotations


class TransformError(Exception):
    """A failure whose message is complete in one line and free of secrets."""
