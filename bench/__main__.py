"""All benchmarks of loading, one after the other, into one file of tables.

    python -m bench [--quick] [--out FILE] [--only NAME …]

One that fails does not stop the others; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Scenario:
    """A script of this folder, and its arguments in full and quickly."""

    name: str
    title: str
    full: str = ""
    quick: str = ""

    def command(self, *, quick: bool) -> list[str]:
        """How it is started."""
        arguments = self.quick if quick else self.full
        return [sys.executable, f"bench/{self.name}.py", *arguments.split()]


SCENARIOS = (
    Scenario("github_requests", "Requests to GitHub", "", "--repositories 3 --days 30"),
    Scenario("gitlab_jira_requests", "Requests to GitLab and Jira", "", "--projects 20 --boards 2"),
    Scenario("throughput", "Rows per second from memory", "", "--pull-requests 500"),
    Scenario(
        "many_repositories",
        "Many repositories: seconds and memory",
        "",
        "--repositories 50 --concurrency 4 --latency 0.05",
    ),
    Scenario(
        "peers",
        "Beside other collectors, without and with faults",
        "",
        "--repositories 3 --months 1 --latency 0.02",
    ),
)


def section(scenario: Scenario, status: int, seconds: float, printed: str) -> str:
    """Its part of the file."""
    end = f"ended with status {status}; " if status else ""
    return f"## {scenario.title}\n\n{printed.strip()}\n\n({end}{seconds:.0f} s in all)\n"


def main() -> int:
    """Runs them, prints the file and writes it; 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: do they run at all?")
    parser.add_argument("--out", type=Path, default=Path(".sei/benchmarks.md"))
    names = [one.name for one in SCENARIOS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    asked = parser.parse_args()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    parts, has_failed = ["# Benchmarks\n"], False
    chosen = [one for one in SCENARIOS if one.name in asked.only]
    for number, scenario in enumerate(chosen, 1):
        print(f"── {number} of {len(chosen)}: {scenario.title} ──", file=sys.stderr, flush=True)
        began = time.monotonic()
        command = scenario.command(quick=asked.quick)
        done = subprocess.run(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=False
        )
        has_failed |= done.returncode != 0
        parts.append(section(scenario, done.returncode, time.monotonic() - began, done.stdout))
        # After each: what was measured stays if a later one is stopped.
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text("\n".join(parts))
    print("\n".join(parts))
    print(f"written to {asked.out}", file=sys.stderr)
    return int(has_failed)


if __name__ == "__main__":
    raise SystemExit(main())
