"""What happens after a run failed: a line in SEI_HOME/logs/failures.jsonl."""

import json
from datetime import UTC, datetime

import dagster as dg

from orchestration.failures import reason_of
from orchestration.runs import fail_abandoned_runs
from orchestration.warehouse import home_folder


@dg.run_failure_sensor(
    name="run_failure_sensor",
    description="Writes a line to logs/failures.jsonl for every run that failed, whoever began it.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def run_failure_sensor(context: dg.RunFailureSensorContext) -> None:
    """Appends when, which run, which step and why."""
    step, reason = "", context.failure_event.message or ""
    for event in context.get_step_failure_events():
        step = event.step_key or ""
        reason = reason_of(event.step_failure_data.error)
        break
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": context.dagster_run.run_id,
        "job": context.dagster_run.job_name,
        "step": step,
        "reason": reason,
    }
    file = home_folder() / "logs" / "failures.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")
    context.log.error(f"{line['job']} failed in {step or 'the run itself'}: {reason}")


@dg.sensor(
    name="abandoned_run_sensor",
    description="Marks runs as failed whose process was killed; they would count as running.",
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def abandoned_run_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Asks for no run; the reason says how many were found."""
    return dg.SkipReason(f"{len(fail_abandoned_runs(context.instance))} abandoned runs")
