"""Kills any process of a refresh at any moment, repeats and compares: `make kill KILLS=9 SEED=1`.

A round: an empty warehouse, up to three refreshes in a row of each of which a process is killed by
SIGKILL, then one that is left alone. After it the warehouse must be that of a run without kills,
with no table, lock, process or running run left over.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg

from demo.company import Company
from demo.settings import sei_toml
from tests.fixtures.pipeline import (
    Addresses,
    Installation,
    contents,
    demo_server,
    make_installation,
    remove,
    run_group_is_killed,
)

# What a process's command line contains; "terminal" is `sei run` with all below it.
VICTIMS = {
    "worker": "orchestration.run_worker",
    "dbt": "dbt --log-level-file",
    "spark": "transform.jobs.compute_metrics",
    "java": "org.apache.spark",
    "checks": "quality serve",
    "postmaster": "postgres",
    "backend": "postgres: ",
    "terminal": "",
}
LONGEST_RUN = 600.0
KILLS_A_ROUND = 3


@dataclass
class Harness:
    """An installation over a small demo company, and what an undisturbed run makes of it."""

    one: Installation
    expected: dict[str, str] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    seconds: float = 0.0

    def undisturbed(self) -> None:
        """Runs once and remembers."""
        began = time.monotonic()
        done = self.one.sei("run", timeout=LONGEST_RUN)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        self.seconds = time.monotonic() - began
        self.expected, self.tables = contents(self.one), tables(self.one)
        assert len(self.expected) > 50

    def begin_anew(self) -> None:
        """An empty warehouse, as on the first day."""
        self.one.warehouse().clear()
        shutil.rmtree(self.one.home / "dlt", ignore_errors=True)

    def killed_run(self, victim: str, chance: random.Random, moment: float | None = None) -> str:
        """One refresh of which a process is killed; at which stage, and how the refresh ended.

        `moment`: seconds after the victim was first seen (default: by chance).
        """
        log = self.one.home / "out.log"
        log.write_text("")
        process = self.one.start("run")
        try:
            if not self._strike(victim, chance, process, moment):
                return "over before the victim was met"
            stage = _last_step(log)
            status = process.wait(LONGEST_RUN)
        except subprocess.TimeoutExpired:
            run_group_is_killed(process)
            raise AssertionError(f"hung after the kill of {victim}: {_last_step(log)}") from None
        said = log.read_text()
        assert "Traceback" not in said, said[-3000:]
        if status not in (0, -signal.SIGKILL):
            assert "sei: " in said, said[-3000:]
        return f"{stage} → {'went on' if status == 0 else 'ended'}"

    def _strike(
        self, victim: str, chance: random.Random, run: subprocess.Popen[str], moment: float | None
    ) -> bool:
        """Kills a process of that kind once it was there for a while; False if it never was."""
        if victim in ("postmaster", "backend", "terminal", "worker"):
            # They are there from the start to the end.
            moment = chance.uniform(2, self.seconds) if moment is None else moment
        else:
            moment = chance.uniform(0, 8) if moment is None else moment
        while not (found := processes(self.one, victim, run)):
            if run.poll() is not None:
                return False
            time.sleep(0.1)
        time.sleep(moment)
        if run.poll() is not None:
            return False
        if victim == "terminal":
            run_group_is_killed(run)
            return True
        found = processes(self.one, victim, run)
        try:
            chance.choice(found).kill()
        except (IndexError, psutil.NoSuchProcess):
            return False
        return True

    def repeated(self) -> list[str]:
        """Runs without a kill; what is not as it should be afterwards, a line each."""
        done = self.one.sei("run", timeout=LONGEST_RUN)
        wrong = []
        if done.returncode != 0:
            wrong.append(f"the repeat failed: {(done.stdout + done.stderr)[-1500:]}")
            return wrong
        found = contents(self.one)
        wrong += [
            f"{name}: {self.expected.get(name)} became {found.get(name)}"
            for name in sorted(self.expected.keys() | found.keys())
            if self.expected.get(name) != found.get(name)
        ]
        odd = tables(self.one) ^ self.tables
        wrong += [f"table left over or missing: {name}" for name in sorted(odd)]
        wrong += [f"lock: {line}" for line in locks(self.one)]
        wrong += [f"process left: {line}" for line in left_processes(self.one)]
        wrong += [f"run that seems to run: {line}" for line in running_runs(self.one)]
        return wrong


def processes(
    one: Installation, victim: str, run: subprocess.Popen[str] | None = None
) -> list[psutil.Process]:
    """The living processes of that kind that belong to the installation."""
    if victim in ("postmaster", "backend"):
        return _postgres(one, is_backend=victim == "backend")
    if victim == "terminal":
        return [psutil.Process(run.pid)] if run is not None else []
    return [p for p in _ours(one) if VICTIMS[victim] in _said(p)]


def _said(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return ""


def _ours(one: Installation) -> list[psutil.Process]:
    """Processes whose environment names the installation, without the calling ones."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("SEI_HOME") == str(one.home)
            if is_ours and process.status() != psutil.STATUS_ZOMBIE and process.cmdline():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _postgres(one: Installation, *, is_backend: bool) -> list[psutil.Process]:
    import json

    credentials = json.loads((one.home / "warehouse.json").read_text())
    data = Path(credentials.get("data") or one.home / "warehouse")
    try:
        server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        if not is_backend:
            return [server]
        children = server.children()
        return [c for c in children if "127.0.0.1(" in _said(c)]
    except (OSError, ValueError, psutil.Error):
        return []


def _last_step(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return re.sub(r"\s+", " ", lines[-1])[:60] if lines else "starting"


def tables(one: Installation) -> set[str]:
    """All tables and views outside PostgreSQL's own schemas."""
    return {
        f"{schema}.{name}"
        for schema, name in one.query(
            "select table_schema::text, table_name::text from information_schema.tables"
            " where table_schema not in ('pg_catalog', 'information_schema')"
        )
    }


def locks(one: Installation) -> list[str]:
    """Advisory locks that are held, and sessions in the middle of a transaction."""
    return [
        f"{user} {what}"
        for user, what in one.query(
            "select a.usename::text, left(a.query, 80) from pg_stat_activity a where"
            " a.datname = current_database() and a.pid <> pg_backend_pid() and ("
            " a.state like 'idle in transaction%%' or exists (select from pg_locks l where"
            " l.pid = a.pid and l.locktype = 'advisory'))"
        )
    ]


def left_processes(one: Installation) -> list[str]:
    """Our processes but PostgreSQL, which stays; given a moment to end."""
    ended = time.monotonic() + 10
    while True:
        server = {p.pid for p in _postgres(one, is_backend=False)}
        server |= {c.pid for pid in server for c in psutil.Process(pid).children()}
        left = [p for p in _ours(one) if p.pid not in server]
        if not left or time.monotonic() > ended:
            return [line[:120] for p in left if (line := _said(p))]
        time.sleep(0.5)


def running_runs(one: Installation) -> list[str]:
    """Dagster's runs that have not ended."""
    with psycopg.connect(one.warehouse().dagster_url()) as connection:
        return [
            f"{run} {status}"
            for run, status in connection.execute(
                "select run_id, status from runs where status not in"
                " ('SUCCESS', 'FAILURE', 'CANCELED')"
            ).fetchall()
        ]


@contextmanager
def harness(repositories: int = 3, days: int = 20) -> Iterator[Harness]:
    """An installation over a demo company of that size, with its undisturbed run done."""
    until = datetime.now(UTC).replace(microsecond=0)
    start = (until - timedelta(days=days)).date()
    size = ["--seed", "3", "--repositories", str(repositories), "--start", start.isoformat()]
    with demo_server(*size, "--until", until.isoformat()) as addresses:
        one = make_installation("kill")
        try:
            company = Company.generate(3, repositories, start, until)
            one.configure(sei_toml(company, *Addresses(*addresses)))
            made = Harness(one)
            made.undisturbed()
            yield made
        finally:
            remove(one)


def main() -> int:
    """Kills so many times, tells each, and ends with a table; status 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no round after that")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began = time.monotonic()
    count: Counter[str] = Counter()
    wrong: list[str] = []
    kills = 0
    with harness() as made:
        print(f"an undisturbed run takes {made.seconds:.0f} s", flush=True)
        names = list(VICTIMS)
        while kills < options.kills and time.monotonic() - began < 60 * options.minutes:
            made.begin_anew()
            for _ in range(min(chance.randint(1, KILLS_A_ROUND), options.kills - kills)):
                # Everyone in turn, in an order of chance.
                victim = names.pop(chance.randrange(len(names)))
                names = names or list(VICTIMS)
                try:
                    how = made.killed_run(victim, chance)
                except AssertionError as error:
                    how = f"WRONG {error}"
                    wrong.append(f"{victim}: {error}")
                is_kill = not how.startswith("over")
                kills += is_kill
                count[f"{victim:10} {'killed' if is_kill else 'not met'}"] += 1
                print(f"{kills:4} {victim:10} {how}", flush=True)
            found = made.repeated()
            wrong += found
            print("     repeated:", "; ".join(found) or "the same warehouse", flush=True)
    print("\n".join(f"{name}: {times}" for name, times in sorted(count.items())))
    print(f"{kills} kills, {len(wrong)} things wrong, seed {options.seed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
