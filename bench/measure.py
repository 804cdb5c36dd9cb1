"""What a command takes: seconds, processor time, and the peak memory of every process it starts.

Background servers (PostgreSQL, the demo company's) count too: on Linux this process adopts what
its children leave behind, so nothing that was started escapes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
_EVERY = 0.5
_PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Measurement:
    """One command: wall seconds, CPU seconds, and at the moment of most memory, MiB by program."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    by_program: dict[str, float] = field(default_factory=dict)


def measure(
    command: Sequence[str], environ: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Measurement:
    """Runs the command, its output on stderr; a SystemExit with its last words if it fails."""
    _adopt_orphans()
    sampler = _Sampler()
    started = time.monotonic()
    process = subprocess.Popen(
        list(command), cwd=cwd, env=dict(environ or os.environ), stdout=sys.stderr
    )
    sampler.start()
    try:
        status = process.wait()
    finally:
        sampler.stop()
    seconds = time.monotonic() - started
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return Measurement(seconds, sampler.cpu_seconds(), sampler.peak, sampler.by_program)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The rows as a Markdown table."""
    lines = [heads, ["---"] * len(heads), *[[str(cell) for cell in row] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """One line about this machine, for the top of a table."""
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}, "
        f"load {load:.1f} before"
    )


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class _Sampler(threading.Thread):
    """Looks at all descendants of this process every half second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self.by_program: dict[str, float] = {}
        self._cpu: dict[tuple[int, float], float] = {}
        self._before: dict[tuple[int, float], float] = {}
        self._over = threading.Event()
        self._me = psutil.Process()
        self._look()
        self._before = dict(self._cpu)
        self.peak = 0.0

    def run(self) -> None:
        while not self._over.wait(_EVERY):
            self._look()

    def stop(self) -> None:
        self._over.set()
        self.join()
        self._look()

    def cpu_seconds(self) -> float:
        """Processor time of all descendants since the start, short-lived ones as last seen."""
        return sum(
            seconds - self._before.get(process, 0.0) for process, seconds in self._cpu.items()
        )

    def _look(self) -> None:
        now: dict[str, float] = {}
        for child in self._me.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                with child.oneshot():
                    name, times = _program(child), child.cpu_times()
                    key = (child.pid, child.create_time())
                self._cpu[key] = times.user + times.system
                now[name] = now.get(name, 0.0) + _mib(child)
        if sum(now.values()) > self.peak:
            self.peak, self.by_program = sum(now.values()), now


def _mib(process: psutil.Process) -> float:
    """Memory without counting shared pages twice, where the system tells (Linux)."""
    try:
        return float(process.memory_full_info().pss) / 2**20
    except AttributeError:
        return float(process.memory_info().rss) / 2**20


def _program(process: psutil.Process) -> str:
    name = process.name()
    if name.startswith("java"):
        return "Spark (java)"
    if name.startswith("postgres"):
        return "PostgreSQL"
    if name.startswith("python") and "demo" in " ".join(process.cmdline()[:4]):
        return "demo server or command"
    return "Python" if name.startswith("python") else name
