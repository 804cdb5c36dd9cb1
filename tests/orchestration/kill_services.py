"""Kills Dagster's own processes while the web interface's refresh runs: `make kill`.

A round: an empty warehouse, `sei up`, a refresh launched as the launch button does; then the
daemon, the code server, the web interface or the run itself is killed by SIGKILL at a moment of
chance, and `sei up` is called again, as whoever watches over services does. Once no run is under
way any more and the services are stopped, a refresh must give the warehouse of a run without kills.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

import psutil
import psycopg

from orchestration.automation import PROCESS_TAG
from orchestration.commands.services import _ask, free_port
from orchestration.processes import Background
from tests.orchestration.kill_anything import LONGEST_RUN, Harness, harness, left_processes

VICTIMS = ("daemon", "code-server", "webserver", "run")
JOB = "refresh_everything"
_LAUNCH = """
    mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on PythonError { message }
    } }
"""
_SELECTOR = {
    "repositoryLocationName": "sei",
    "repositoryName": "__repository__",
    "jobName": JOB,
}


class Services:
    """The services of an installation, one run of theirs, and who of them can be killed."""

    def __init__(self, made: Harness) -> None:
        self._one = made.one
        self._made = made
        self._port = free_port()

    def up(self) -> None:
        """Starts what does not run."""
        done = self._one.sei("up", "--port", str(self._port), timeout=300)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def down(self) -> None:
        """Stops all of them."""
        done = self._one.sei("down", timeout=120)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def launch(self) -> str:
        """The id of a run that the web interface was asked for."""
        params = {"selector": _SELECTOR, "runConfigData": {}}
        answer = _ask(self._port, _LAUNCH, {"params": params}).get("launchRun") or {}
        assert answer.get("__typename") == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def state(self, run_id: str) -> str:
        """What Dagster's database says of a run."""
        with psycopg.connect(self._one.warehouse().dagster_url()) as connection:
            row = connection.execute(
                "select status from runs where run_id = %s", (run_id,)
            ).fetchone()
        return str(row[0]) if row else "not there"

    def process_of(self, run_id: str) -> psutil.Process | None:
        """The process that executes a run, once it has told."""
        with psycopg.connect(self._one.warehouse().dagster_url()) as connection:
            row = connection.execute(
                "select value from run_tags where run_id = %s and key = %s", (run_id, PROCESS_TAG)
            ).fetchone()
        try:
            return psutil.Process(int(row[0].rpartition(":")[2])) if row else None
        except psutil.Error:
            return None

    def killed(self, victim: str, run_id: str, moment: float) -> str:
        """Kills so many seconds after the run has told which process it is; the run's state."""
        began = time.monotonic()
        while (process := self.process_of(run_id)) is None:
            if self.state(run_id) in ("SUCCESS", "FAILURE", "CANCELED"):
                return "over before the victim was met"
            assert time.monotonic() - began < 240, f"the run never began: {self.state(run_id)}"
            time.sleep(0.2)
        time.sleep(moment)
        found = process if victim == "run" else Background(victim, self._one.home).process()
        if found is None or not found.is_running():
            return "over before the victim was met"
        found.kill()
        return self.state(run_id)

    def ended(self, run_id: str) -> str:
        """How the run ended, with the services up; a run that nobody executes must be told of."""
        began = time.monotonic()
        while (state := self.state(run_id)) not in ("SUCCESS", "FAILURE", "CANCELED"):
            assert time.monotonic() - began < LONGEST_RUN, f"the run seems to run for ever: {state}"
            time.sleep(1)
        return state


def one_round(made: Harness, victim: str, moment: float) -> str:
    """Kills, repairs, waits; how the run ended. `repeated` of the harness comes after it."""
    made.begin_anew()
    services = Services(made)
    services.up()
    try:
        run_id = services.launch()
        stage = services.killed(victim, run_id, moment)
        if stage.startswith("over"):
            return stage
        services.up()
        return f"{stage}, after {moment:.0f} s → {services.ended(run_id)}"
    finally:
        services.down()


def main() -> int:
    """Kills so many times, tells each; status 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    count: Counter[str] = Counter()
    wrong: list[str] = []
    with harness() as made:
        print(f"an undisturbed run takes {made.seconds:.0f} s", flush=True)
        for number in range(options.kills):
            victim = VICTIMS[number % len(VICTIMS)]
            try:
                how = one_round(made, victim, chance.uniform(0, made.seconds))
            except AssertionError as error:
                how = f"WRONG {error}"
                wrong.append(f"{victim}: {error}")
            count[f"{victim:12} {'not met' if how.startswith('over') else 'killed'}"] += 1
            print(f"{number + 1:4} {victim:12} {how}", flush=True)
            found = [f"process left: {line}" for line in left_processes(made.one)]
            found += made.repeated()
            wrong += found
            print("     repeated:", "; ".join(found) or "the same warehouse", flush=True)
    print("\n".join(f"{name}: {times}" for name, times in sorted(count.items())))
    print(f"{len(wrong)} things wrong, seed {options.seed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
