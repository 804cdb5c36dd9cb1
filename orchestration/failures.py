"""One line out of Dagster's chains of errors."""

from __future__ import annotations

import re

from dagster._utils.error import SerializableErrorInfo

_WRAPPERS = ("DagsterExecutionStepExecutionError", "DagsterExecutionHandleFailure")


def reason_of(error: SerializableErrorInfo | None) -> str:
    """The innermost reason that was written for people, in one line."""
    if error is None:
        return "no reason given"
    while error.cls_name in _WRAPPERS and error.cause is not None:
        error = error.cause
    message = re.sub(r"\x1b\[[0-9;]*m", "", error.message).strip()
    name = error.cls_name or ""
    # Dagster writes `package.module.Class: text`; of our own failures the text says it all.
    text = re.sub(rf"^(\w+\.)*{re.escape(name)}:\s*", "", message) if name else message
    line = " ".join(part.strip() for part in text.splitlines() if part.strip())
    return line[:600] or name
