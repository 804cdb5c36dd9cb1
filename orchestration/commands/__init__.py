"""The commands of `sei`, a file each. They import what they need when they are called."""

from __future__ import annotations


class RunFailedError(Exception):
    """A run failed: which step and why, in one line. Exit status 1."""


class UsageProblem(Exception):
    """The command can't be carried out as asked. Exit status 2."""
