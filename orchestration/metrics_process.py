"""The Spark job as a process that speaks Dagster Pipes, started before it is needed."""

import sys
from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from orchestration import ahead

_JOB = "transform.jobs.compute_metrics"

# By run: a process that waits for the step of its run belongs to no other.
_waiting: dict[str, ahead.Started] = {}


class MetricsProcess(dg.ConfigurableResource):
    """Starts the Spark job. Dagster's PipesSubprocessClient tells only the exit status of a
    process that failed; here its last words become the reason."""

    def start_ahead(self, run_id: str, url: str) -> None:
        """Starts Python, Java and Spark, which take a third of a small job's time, while the step
        before (dbt) leaves a core free. `run` of the same run finds it."""
        discard(run_id)
        _waiting[run_id] = ahead.start(_JOB, ["--when-told"], {"SEI_METRICS_URL": url})

    def run(
        self, context: dg.AssetExecutionContext, arguments: Sequence[str], url: str
    ) -> Sequence[dg.MaterializeResult | dg.AssetCheckResult]:
        """What the process reported; raises dg.Failure with its last line when it failed.

        `url`: the warehouse as the role metrician.
        """
        with dg.open_pipes_session(
            context=context,
            context_injector=dg.PipesTempFileContextInjector(),
            message_reader=dg.PipesTempFileMessageReader(),
        ) as session:
            environ = {"SEI_METRICS_URL": url, **session.get_bootstrap_env_vars()}
            started = _waiting.pop(context.run_id, None)
            order = {"arguments": list(arguments), "environment": environ}
            if started is None or not started.tell(order):
                started = ahead.start(_JOB, arguments, environ)
            status = started.wait()
            said = started.said()
            sys.stderr.write(said)
        if status != 0:
            raise dg.Failure(_last_line(said) or f"ended with status {status}")
        return session.get_results(implicit_materializations=False)


def discard(run_id: str) -> None:
    """Ends the process that was started ahead for a run, if it still waits."""
    if started := _waiting.pop(run_id, None):
        started.end()


def job_arguments(as_of: str | None, now: datetime, *, full: bool = False) -> list[str]:
    """The arguments of the Spark job."""
    arguments = ["--as-of", as_of or now.isoformat(timespec="seconds")]
    return [*arguments, "--full"] if full else arguments


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:600] if lines else ""
