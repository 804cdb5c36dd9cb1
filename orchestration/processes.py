"""Processes that outlive the command that starts them: pid files in SEI_HOME/run, logs beside."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Background:
    """One named background process of a home."""

    name: str
    home: Path

    @property
    def pid_file(self) -> Path:
        """Where its number and details are kept."""
        return self.home / "run" / f"{self.name}.json"

    @property
    def log_file(self) -> Path:
        """Where its output goes."""
        return self.home / "logs" / f"{self.name}.log"

    def start(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        **details: Any,
    ) -> None:
        """Starts it in a session of its own; `details` can be read back later."""
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_file, "ab") as log:
            process = subprocess.Popen(
                list(command),
                env=dict(environ),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started = psutil.Process(process.pid).create_time()
        content = {"pid": process.pid, "started": started, "details": details}
        self.pid_file.write_text(json.dumps(content))

    def process(self) -> psutil.Process | None:
        """The living process, None when it has ended or its number is another's by now."""
        try:
            content = json.loads(self.pid_file.read_text())
            process = psutil.Process(content["pid"])
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            # Clock steps move creation times by a little.
            if abs(process.create_time() - content["started"]) < 2:
                return process
        except (OSError, ValueError, KeyError, psutil.Error):
            pass
        return None

    def details(self) -> dict[str, Any]:
        """What `start` was told about it."""
        try:
            return dict(json.loads(self.pid_file.read_text())["details"])
        except (OSError, ValueError, KeyError):
            return {}

    def stop(self, seconds: float = 20) -> bool:
        """Whether it was running; it and its children are gone now."""
        process = self.process()
        if process is not None:
            stop_tree(process, seconds)
        self.pid_file.unlink(missing_ok=True)
        return process is not None

    def last_line(self) -> str:
        """The last line of its log, for messages."""
        return last_line(self.log_file)


def stop_tree(process: psutil.Process, seconds: float) -> None:
    """Asks the process to end, then kills what is left of it and its children."""
    try:
        family = [process, *process.children(recursive=True)]
        process.terminate()
    except psutil.NoSuchProcess:
        return
    _, alive = psutil.wait_procs(family, timeout=seconds)
    for left in alive:
        try:
            left.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=5)


def last_line(file: Path) -> str:
    """The last line of a text file that says something."""
    try:
        with open(file, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 16384))
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    # SQLAlchemy ends its errors with a link.
    telling = (line.strip() for line in reversed(lines) if not line.startswith("(Background on"))
    return next((line for line in telling if line), "")
