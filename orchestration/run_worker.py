"""Executes one refresh in this process and tells its parent, line by line, how it goes.

`sei run` starts it, so that the terminal belongs to one process and dbt's, Spark's and Dagster's
output to another. The run is recorded like one started from the UI.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from io import RawIOBase
from typing import Any


def main() -> int:
    """Exit status 0 when the run succeeded; the parent reads JSON lines from the given pipe."""
    request = json.loads(sys.stdin.read())
    # Unbuffered: nothing is left to be written, and to fail, when it is closed.
    with os.fdopen(int(sys.argv[1]), "wb", buffering=0) as pipe:
        return 0 if _execute(request, pipe) else 1


def _execute(request: dict[str, Any], pipe: RawIOBase) -> bool:
    def tell(kind: str, **facts: Any) -> None:
        # Whoever watched may have been killed; the run goes on and can be seen in the UI.
        with contextlib.suppress(BrokenPipeError):
            line = json.dumps({"kind": kind, "at": time.time(), **facts})
            pipe.write(f"{line}\n".encode())

    tell("loading")
    try:
        import dagster as dg
        from dagster._core.definitions.reconstruct import ReconstructableRepository
        from dagster._core.execution.api import execute_run_iterator
        from dagster._utils.interrupts import setup_interrupt_handlers

        from orchestration import progress
        from orchestration.runs import (
            fail_abandoned_runs,
            keep_connections,
            only_refresh,
            running_refresh,
        )

        repository = ReconstructableRepository.for_module("orchestration.definitions", "defs")
        job = repository.get_reconstructable_job(request["job"])
        definition = job.get_definition()
    except Exception as error:
        tell("broken", reason=" ".join(str(error).split())[:600])
        raise
    # SIGTERM like Ctrl-C: the run ends as cancelled, not as one that seems to go on for ever.
    setup_interrupt_handlers()
    with dg.DagsterInstance.get() as instance, only_refresh() as is_only:
        # Before the run is made: that alone writes an event for every asset and check to come.
        keep_connections(instance)
        fail_abandoned_runs(instance)
        other = running_refresh(instance)
        if other or not is_only:
            tell("busy", run_id=other.run_id if other else None)
            return False
        run = instance.create_run_for_job(
            definition,
            run_config=request["run_config"],
            # The job's own tags are not added by Dagster here: by them a refresh is known.
            tags={
                **definition.run_tags,
                **request["tags"],
                "sei/process": f"{socket.gethostname()}:{os.getpid()}",
            },
            remote_job_origin=_origin(job),
            job_code_origin=job.get_python_origin(),
        )
        steps = [name for name in definition.graph.node_dict]
        tell("run", run_id=run.run_id, steps=steps)
        progress.listener = lambda p: tell(
            "progress", what=p.what, done=p.done, total=p.total, detail=p.detail
        )
        progress.on_notice = lambda text: tell("notice", text=text)
        succeeded = False
        for event in execute_run_iterator(job, run, instance):
            for kind, facts in _facts(event):
                tell(kind, **facts)
            succeeded = succeeded or event.is_job_success
        tell("end", succeeded=succeeded)
        return succeeded


def _facts(event: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """What of a Dagster event the terminal shows."""
    from orchestration.failures import reason_of

    if event.is_step_start:
        yield "step", {"step": event.step_key}
    elif event.is_step_success:
        seconds = event.step_success_data.duration_ms / 1000
        yield "step_done", {"step": event.step_key, "seconds": seconds}
    elif event.is_step_failure:
        yield (
            "step_failed",
            {
                "step": event.step_key,
                "reason": reason_of(event.step_failure_data.error),
                "is_mistake": _is_mistake(event.step_failure_data.user_failure_data),
            },
        )
    elif event.is_step_up_for_retry:
        yield (
            "step_retry",
            {
                "step": event.step_key,
                "reason": reason_of(event.step_retry_data.error),
            },
        )
    elif event.is_step_skipped:
        yield "step_skipped", {"step": event.step_key}
    elif event.event_type_value == "ASSET_CHECK_EVALUATION":
        check = event.asset_check_evaluation_data
        yield (
            "check",
            {
                "table": ".".join(check.asset_key.path),
                "name": check.check_name,
                "passed": check.passed,
                "severity": check.severity.value,
                "description": check.description,
            },
        )
    elif event.event_type_value == "ASSET_MATERIALIZATION":
        yield "table", {"step": event.step_key, "table": ".".join(event.asset_key.path)}
    elif event.is_job_failure:
        data = event.job_failure_data
        if data.error and not data.first_step_failure_event:
            yield "run_failed", {"reason": reason_of(data.error)}


def _is_mistake(failure: Any) -> bool:
    from orchestration.automation import MISTAKE

    return bool(failure and failure.metadata.get(MISTAKE) and failure.metadata[MISTAKE].value)


def _origin(job: Any) -> Any:
    """Ties the run to workspace.yaml's code location, so that the UI can link and repeat it."""
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    from orchestration.homes import PROJECT

    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        loadable_target_origin=LoadableTargetOrigin(
            module_name="orchestration.definitions", working_directory=str(PROJECT)
        ),
        location_name="sei",
    )
    return RemoteJobOrigin(
        repository_origin=RemoteRepositoryOrigin(
            code_location_origin=location,
            repository_name=job.repository.get_definition().name,
        ),
        job_name=job.job_name,
    )


def _end(status: int) -> None:
    """Ends the process at once: taking everything that was imported apart takes two seconds, in
    which somebody waits for the table of results."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _end(main())
