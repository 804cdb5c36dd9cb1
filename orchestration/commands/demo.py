"""`sei demo`: an invented company on GitHub, GitLab and Jira on this machine, and the whole way."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from orchestration.commands import RunFailedError, UsageProblem
from orchestration.commands import report as reports
from orchestration.commands.run import check_settings, refresh, run_config
from orchestration.homes import PROJECT, Home, demo_home, own_home
from orchestration.processes import Background
from orchestration.warehouse import Warehouse

HOST = "127.0.0.1"
# GitHub's, GitLab's and Jira's.
PORTS = (8765, 8766, 8767)
# The story is told a little into the future, so that its clock can follow ours for a while.
AHEAD = timedelta(days=14)
PATIENCE = 60
# Counts the changes of what a seed tells: rows of an older telling don't go with a newer one.
TELLING = 2


@dataclass(frozen=True)
class Story:
    """Which company it is; kept, so that a later run shows the same one some days further on."""

    seed: int = 7
    repositories: int = 12
    months: int = 6
    # ISO date of the first day.
    start: str = ""
    telling: int = TELLING

    @classmethod
    def read(cls, home: Home) -> Story | None:
        """The story told last in this home."""
        try:
            return cls(**{"telling": 1, **json.loads(_file(home).read_text())})
        except (OSError, ValueError, TypeError):
            return None

    def write(self, home: Home) -> None:
        """Keeps it."""
        _file(home).parent.mkdir(parents=True, exist_ok=True)
        _file(home).write_text(json.dumps(asdict(self)))


def demo(repositories: int | None, months: int | None, seed: int | None) -> None:
    """Runs the platform on the invented company and prints its metrics."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    home = demo_home()
    known = Story.read(home)
    story = chosen_story(known, repositories, months, seed, datetime.now(UTC))
    with console.status("starting the demo company …"):
        warehouse = home.open_warehouse()
        if known != story:
            start_anew(home, warehouse)
            story.write(home)
        github, gitlab, jira = serve_story(home, story)
    console.print(
        f"demo company: {story.repositories} repositories since {story.start}; GitHub at {github},"
        f" GitLab at {gitlab}, Jira at {jira}"
    )
    check_settings(home)
    refresh(home, warehouse, run_config([], full=False))
    values = reports.read(warehouse.url("reader"), "rolling_90d", None)
    if values:
        reports.show(values)
    for line in closing_lines():
        console.print(line, markup=False)


def chosen_story(
    known: Story | None,
    repositories: int | None,
    months: int | None,
    seed: int | None,
    now: datetime,
) -> Story:
    """The story to tell: the known one, unless another is asked for."""
    base = known or Story()
    asked = replace(
        base,
        repositories=base.repositories if repositories is None else repositories,
        months=base.months if months is None else months,
        seed=base.seed if seed is None else seed,
        telling=TELLING,
    )
    if known == asked:
        return known
    from demo.company import default_period

    start, _ = default_period(now, asked.months)
    return replace(asked, start=start.isoformat())


def start_anew(home: Home, warehouse: Warehouse) -> None:
    """Empties the demo's warehouse: one company's rows must not be among another's."""
    Background("demo-server", home.folder).stop()
    warehouse.clear()
    shutil.rmtree(home.folder / "dlt", ignore_errors=True)


def serve_story(home: Home, story: Story | None) -> tuple[str, str, str]:
    """The addresses of the company's GitHub, GitLab and Jira, running and showing the present;
    settings written."""
    if story is None:
        raise UsageProblem("there is no demo company yet; sei demo makes one")
    now = datetime.now(UTC)
    server = Background("demo-server", home.folder)
    details = server.details() if server.process() else {}
    ports = details.get("ports", [])
    if not (details.get("story") == asdict(story) and ports and _set_clock(ports[0], now)):
        server.stop()
        ports = _start_server(home, server, story, now)
    github, gitlab, jira = (f"http://{HOST}:{port}" for port in ports)
    _write_settings(home, story, github, gitlab, jira)
    return github, gitlab, jira


def _start_server(home: Home, server: Background, story: Story, now: datetime) -> list[int]:
    from orchestration.commands.services import free_port, is_free

    ports: list[int] = []
    for port in PORTS:
        while port in ports or not is_free(port):
            port = free_port()
        ports.append(port)
    command = [
        *(sys.executable, "-m", "demo", "serve", "--port", str(ports[0])),
        *("--gitlab-port", str(ports[1]), "--jira-port", str(ports[2])),
        *("--seed", str(story.seed), "--repositories", str(story.repositories)),
        *("--months", str(story.months), "--start", story.start),
        *("--until", (now + AHEAD).isoformat(timespec="seconds")),
        *("--clock", now.isoformat(timespec="seconds")),
    ]
    server.start(command, home.environ, PROJECT, ports=ports, story=asdict(story))
    began = time.monotonic()
    while not _set_clock(ports[0], now):
        if server.process() is None:
            raise RunFailedError(
                f"the demo server ended: {server.last_line()} (log: {server.log_file})"
            )
        if time.monotonic() - began > PATIENCE:
            raise RunFailedError(f"the demo server did not answer (log: {server.log_file})")
        time.sleep(0.1)
    return ports


def _set_clock(port: int, now: datetime) -> bool:
    """Whether the server answers and shows the story as of this moment."""
    request = urllib.request.Request(
        f"http://{HOST}:{port}/demo/clock",
        json.dumps({"now": now.isoformat(timespec="seconds")}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _write_settings(home: Home, story: Story, *urls: str) -> None:
    from demo.company import Company
    from demo.settings import sei_toml

    start = date.fromisoformat(story.start)
    until = datetime(start.year, start.month, start.day, tzinfo=UTC) + timedelta(days=1)
    company = Company.generate(story.seed, story.repositories, start, until)
    home.config.parent.mkdir(parents=True, exist_ok=True)
    home.config.write_text(sei_toml(company, *urls))


def closing_lines() -> list[str]:
    """What to do next: the web interface, SQL, one's own organization."""
    sei = _how_called()
    note = "" if not own_home().config.exists() else " --demo"
    return [
        f"web interface    {sei} up{note}   then http://localhost:3000",
        f'SQL              {sei} psql{note}   or  psql "$({sei} psql{note} --url)"',
        f"your own GitHub  cp sei.example.toml sei.toml, fill it in, {sei} check, {sei} run",
    ]


def _how_called() -> str:
    """`sei`, or its path when the shell would not find it."""
    if shutil.which("sei"):
        return "sei"
    return os.path.relpath(Path(sys.argv[0]).absolute())


def _file(home: Home) -> Path:
    return home.folder / "story.json"
