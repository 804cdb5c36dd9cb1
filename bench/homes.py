"""Where a benchmark works: a new SEI_HOME, stopped and removed afterwards, or one there is."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import BIN, ROOT


@contextmanager
def fresh_home() -> Iterator[dict[str, str]]:
    """The environment of a new, empty SEI_HOME; what runs in it is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sei-bench-"))
    folder.chmod(0o755)  # the embedded server may run under another account than root
    environ = {**os.environ, "SEI_HOME": str(folder), "PATH": f"{BIN}:{os.environ['PATH']}"}
    environ.pop("SEI_WAREHOUSE_URL", None)
    environ.pop("SEI_CONFIG", None)
    try:
        yield environ
    finally:
        subprocess.run([BIN / "sei", "down"], cwd=ROOT, env=environ, stdout=sys.stderr, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def loaded_home(home: Path | None, repositories: int, months: int) -> Iterator[dict[str, str]]:
    """The environment of a home with a loaded warehouse: `home` (which stays as it is, but for
    what the benchmark writes), or a new one with a demo company, which is loaded now."""
    if home is not None:
        yield {**os.environ, "SEI_HOME": str(home.resolve())}
        return
    with fresh_home() as environ:
        command = [str(BIN / "sei"), "demo", "--repositories", str(repositories)]
        command += ["--months", str(months)]
        subprocess.run(command, cwd=ROOT, env=environ, stdout=sys.stderr, check=True)
        yield {**environ, "SEI_HOME": str(Path(environ["SEI_HOME"]) / "demo")}


def warehouse_url(environ: dict[str, str], role: str = "") -> str:
    """The address of the home's warehouse for a role, or for the owner."""
    program = (
        "import sys; from orchestration.warehouse import Warehouse;"
        "print(Warehouse.open().url(sys.argv[1] or None))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, role],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def add_home_options(parser: argparse.ArgumentParser) -> None:
    """--home, or the size of the company to load into a new one."""
    parser.add_argument("--home", type=Path, help="a SEI_HOME with a loaded warehouse")
    parser.add_argument("--repositories", type=int, default=12, help="of the demo company")
    parser.add_argument("--months", type=int, default=6, help="of the demo company")
