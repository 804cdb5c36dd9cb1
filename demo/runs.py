"""Telling of workflow runs: CI for pull requests and the default branch, and deployment runs."""

from __future__ import annotations

from demo.almanac import DAY, MINUTE, utc
from demo.deployments import Going
from demo.model import Account, Attempt, Job, WorkflowRun
from demo.world import World

_WORKFLOWS = {
    "CI": (1, ".github/workflows/ci.yml", ("lint", "test")),
    "Deploy": (2, ".github/workflows/deploy.yml", ("build", "deploy")),
}


class Runs:
    """Starts workflow runs; their course is settled at the start."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.all: list[WorkflowRun] = []
        self._numbers: dict[str, int] = {}

    def start(self, name: str, event: str, branch: str, sha: str, actor: Account,
              conclusion: str | None = None) -> None:  # fmt: skip
        """A run with its jobs; a failed one is sometimes run again."""
        world, rng, now = self.world, self.world.rng, self.world.now
        if not world.habit.workflows:
            return
        if conclusion is None:
            fate = rng.random()
            conclusion = "success" if fate < 0.86 else "failure" if fate < 0.96 else "cancelled"
        number, path, jobs = _WORKFLOWS[name]
        if world.is_gitlab:
            event = {"pull_request": "merge_request_event"}.get(event, event)
            name, series = "", "pipeline"
        else:
            series = name
        attempts = [self._attempt(1, now + 5, actor, conclusion, jobs)]
        if conclusion == "failure" and rng.random() < 0.6:
            again = int(attempts[0].completed_at.timestamp()) + 10 * MINUTE
            retried = jobs[-1:] if world.is_gitlab else jobs
            attempts.append(self._attempt(2, again, world.somebody(), "success", retried))
        self._numbers[series] = self._numbers.get(series, 0) + 1
        self.all.append(
            WorkflowRun(
                world.identify("WFR")[1], world.database_id * 10 + number, name, path, event,
                branch, sha, self._numbers[series], actor, utc(now), tuple(attempts),
            )
        )  # fmt: skip

    def _attempt(
        self, number: int, start: int, actor: Account, conclusion: str, names: tuple[str, ...]
    ) -> Attempt:
        world, rng = self.world, self.world.rng
        jobs = []
        at = start
        for position, name in enumerate(names):
            begin = at + 4 + rng.randrange(20)
            end = begin + 30 + int(rng.expovariate(1 / 150))
            outcome = conclusion if position == len(names) - 1 else "success"
            jobs.append(Job(world.identify("CR")[1], name, utc(at), utc(begin), utc(end), outcome))
            at = end
        return Attempt(number, actor, utc(start), utc(at), conclusion, tuple(jobs))

    def deploy(self, going: Going) -> None:
        """The run behind a deployment to production; on GitLab the pipeline of any deployment."""
        if self.world.is_gitlab:
            self._pipeline(going)
        elif going.environment.is_production:
            good = going.fate in ("SUCCESS", "RETRIED")
            self.start("Deploy", "push", self.world.habit.default_branch, going.sha, going.creator,
                       "success" if good else "failure")  # fmt: skip

    def _pipeline(self, going: Going) -> None:
        """A pipeline whose last job is the deployment; some deploy through the API instead."""
        world, now = self.world, self.world.now
        if world.chance(0.15):
            return
        outcome = {"SUCCESS": "success", "FAILURE": "failure", "ERROR": "cancelled"}
        build = Job(world.identify("CR")[1], "build", utc(now), utc(now + 2),
                    utc(now + 12), "success", "build")  # fmt: skip
        going.job = world.identify("CR")[1]
        # For ever in progress: as good as.
        end = going.ends if going.fate in outcome else now + 5000 * DAY
        conclusion = outcome.get(going.fate, "failure")
        job = Job(going.job, f"deploy-{going.environment.name}", utc(going.created),
                  utc(going.begins), utc(end), conclusion, "deploy")  # fmt: skip
        self._numbers["pipeline"] = self._numbers.get("pipeline", 0) + 1
        attempt = Attempt(1, going.creator, utc(now), utc(end), conclusion, (build, job))
        self.all.append(
            WorkflowRun(
                world.identify("WFR")[1], world.database_id * 10 + 2, "Deploy", "", "push",
                world.habit.default_branch, going.sha, self._numbers["pipeline"], going.creator,
                utc(now), (attempt,),
            )
        )  # fmt: skip
