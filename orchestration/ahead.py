"""Processes that are started before their step, so that their imports cost no time of the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from orchestration.with_parent import end_with_parent

_PROJECT = Path(__file__).resolve().parent.parent


@dataclass
class Started:
    """A Python process of ours that is told by lines of JSON what to do; it ends with its input."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]

    def tell(self, message: Mapping[str, Any]) -> bool:
        """Whether the process was there to be told."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def ask(self, message: Mapping[str, Any]) -> Any:
        """Its answer, a line of JSON; None if it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline() if self.tell(message) else b""
        return json.loads(line) if line.endswith(b"\n") else None

    def wait(self) -> int:
        """The exit status; who is interrupted meanwhile interrupts the process too."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            return self.process.wait()
        except BaseException:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
            raise

    def said(self) -> str:
        """What it wrote to stderr; asked for once, at the end."""
        with self.complaints:
            self.complaints.seek(0)
            return self.complaints.read().decode(errors="replace")

    def end(self) -> None:
        """Ends a process that nobody needs."""
        self.process.kill()
        self.process.communicate()
        self.complaints.close()


def start(
    module: str, arguments: Sequence[str], environ: Mapping[str, str], *, answers: bool = False
) -> Started:
    """Starts `python -m module`. Secrets go by `environ`: arguments can be seen by every process
    of the machine. `answers`: its output is read by `ask`."""
    complaints = tempfile.TemporaryFile()  # noqa: SIM115, closed by `said` or `end`
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=_PROJECT,
        env={**os.environ, "PYTHONPATH": _python_path(), **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if answers else None,
        stderr=complaints,
        # A killed run must not leave a job behind that writes while its successor does.
        preexec_fn=end_with_parent if sys.platform == "linux" else None,
    )
    return Started(process, complaints)


def _python_path() -> str:
    before = os.environ.get("PYTHONPATH")
    return f"{_PROJECT}{os.pathsep}{before}" if before else str(_PROJECT)
