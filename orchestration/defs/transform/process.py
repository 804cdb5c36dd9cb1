"""A process that speaks Dagster Pipes, whose last words become the reason of a failure."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg

_PR_SET_PDEATHSIG = 1


class PipesProcess(dg.ConfigurableResource):
    """Dagster's PipesSubprocessClient tells only the exit status of a process that failed."""

    def run(
        self,
        context: dg.AssetExecutionContext,
        command: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
    ) -> Sequence[dg.MaterializeResult | dg.AssetCheckResult]:
        """What the process reported; raises dg.Failure with its last line when it failed."""
        with (
            dg.open_pipes_session(
                context=context,
                context_injector=dg.PipesTempFileContextInjector(),
                message_reader=dg.PipesTempFileMessageReader(),
            ) as session,
            tempfile.TemporaryFile() as complaints,
        ):
            process = subprocess.Popen(
                list(command),
                cwd=cwd,
                env={**os.environ, **environ, **session.get_bootstrap_env_vars()},
                stderr=complaints,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
            try:
                status = process.wait()
            except BaseException:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                raise
            complaints.seek(0)
            said = complaints.read().decode(errors="replace")
            sys.stderr.write(said)
        if status != 0:
            raise dg.Failure(_last_line(said) or f"ended with status {status}")
        return session.get_results(implicit_materializations=False)


def _die_with_parent() -> None:
    # A killed run must not leave a job behind that writes while its successor does.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:600] if lines else ""
