"""Our loader beside other collectors, on one GitHub server, in one run: requests, seconds, rows,
and what is lost when some of the requests fail once.

    python bench/peers.py --repositories 12 --months 3 --venvs ~/.cache/sei-peers

Peers are installed from the configured package index, each into a virtual environment of its own
under --venvs (a temporary folder if it is not given).
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from comparison import HEADS, Run, Scenario, entity_lines, fault_lines
from demo_server import TOKEN
from homes import fresh_home
from measure import ROOT, machine, table
from peer_tools import ENTITIES, OURS, PEERS, Setting, Tool, missing


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=6, help="two thirds are on GitHub")
    parser.add_argument("--months", type=int, default=1, help="of history")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds a request, for all")
    parser.add_argument("--every", type=int, default=20, help="one of so many requests fails")
    parser.add_argument("--venvs", type=Path, help="where peers are installed, and stay")
    asked = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(prefix="sei-bench-peers-") as folder:
        venvs = (asked.venvs or Path(folder)).expanduser().resolve()
        venvs.mkdir(parents=True, exist_ok=True)
        tools = [OURS]
        for tool in PEERS:
            _say(f"installing {tool.name}")
            reason = missing(tool, venvs)
            if reason:
                print(f"{tool.name} could not be installed: {reason}")
            else:
                tools.append(tool)
        with _serving(asked) as address:
            names = _repositories(address)
            # Replies are made once: a run of ours that does not count makes its big ones.
            _scenario([OURS], address, names, venvs, 0)
            quiet = _scenario(tools, address, names, venvs, 0)
            spoiled = _scenario(tools, address, names, venvs, asked.every)
            # We ask so seldom that hardly any of our requests is among them.
            often = max(asked.every // 5, 2)
            oftener = _scenario([OURS], address, names, venvs, often)
    print(
        f"{before}; {len(names)} repositories, {asked.months} months, "
        f"{asked.latency * 1000:.0f} ms a request"
    )
    heads = [*HEADS, "requests against ours", "seconds against ours", "our rows/s against its"]
    print(table(heads, quiet.lines(ENTITIES)))
    print("\nRows by entity:\n")
    print(table(["", *(run.tool for run in quiet.runs)], entity_lines(quiet, ENTITIES)))
    print(f"\nOne of {asked.every} requests fails once:\n")
    heads = ["", "requests", "faults met", "seconds", "rows lost", "ended with an error"]
    lines = fault_lines(quiet, spoiled) + fault_lines(Scenario(quiet.runs[:1]), oftener)
    lines[-1][0] = f"ours, one of {often}"
    print(table(heads, lines))
    late = ", ".join(f"{run.late_seconds:.1f}" for run in quiet.runs)
    print(f"\nSeconds by which the server was late in all, by tool: {late}.")


@contextlib.contextmanager
def _serving(asked: argparse.Namespace) -> Iterator[str]:
    command = [sys.executable, "bench/peer_server.py", "--token", TOKEN]
    for name in ("repositories", "months", "latency"):
        command += [f"--{name}", str(getattr(asked, name))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def _repositories(address: str) -> list[str]:
    listed = httpx.get(f"{address}/orgs/acme/repos?per_page=100", timeout=120).json()
    return [str(one["full_name"]) for one in listed]


def _scenario(
    tools: Sequence[Tool], address: str, names: Sequence[str], venvs: Path, every: int
) -> Scenario:
    found = Scenario()
    with fresh_home() as environ, tempfile.TemporaryDirectory(prefix="sei-bench-") as folder:
        setting = Setting(address, names, Path(folder), environ, venvs)
        for tool in tools:
            _say(f"{tool.name}{f', one of {every} requests fails' if every else ''}")
            found.runs.append(_run(tool, setting, every))
            _say(f"  {found.runs[-1]}")
    return found


def _run(tool: Tool, setting: Setting, every: int) -> Run:
    httpx.post(f"{setting.address}/bench/begin", json={"every": 0})
    run = tool.start(setting)
    httpx.post(f"{setting.address}/bench/begin", json={"every": every})
    began = time.monotonic()
    error = run()
    seconds = time.monotonic() - began
    told = httpx.get(f"{setting.address}/bench/counts").json()
    faults = sum(told.pop("faults").values())
    return Run(tool.name, seconds, tool.rows(setting), **told, faults=faults, error=error)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
