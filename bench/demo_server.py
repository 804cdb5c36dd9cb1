"""The demo company's GitHub in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

from measure import ROOT

TOKEN = "ghp_benchmark"


@contextlib.contextmanager
def serving(period: list[str], end: datetime) -> Iterator[str]:
    """Its address, while it runs; `period`: the options that say which company."""
    command = [sys.executable, "-m", "demo", "serve", "--port", "0", "--token", TOKEN]
    command += [*period, "--clock", end.isoformat()]
    # Far more than a real token has: points are to be counted, not waited for.
    command += ["--rate-limit", "1000000"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
