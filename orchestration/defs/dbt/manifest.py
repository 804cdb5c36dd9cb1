"""dbt's manifest: the description of its graph that the assets are made from."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestration.postgres import locked

_SOURCES = {".sql", ".yml", ".yaml", ".csv", ".md"}
_NOT_OURS = {"target", "logs", "dbt_packages"}


class DbtParseError(Exception):
    """dbt could not read its project; the message is dbt's own reason."""


def ensure_manifest(project: Path) -> Path:
    """The path of a manifest that is not older than the project's files.

    Runs `dbt parse` when it must, which needs neither network nor database.
    """
    manifest = project / "target" / "manifest.json"
    if is_fresh(manifest, project):
        return manifest
    manifest.parent.mkdir(exist_ok=True)
    with locked(manifest.parent / "parse.lock"):
        if not is_fresh(manifest, project):
            _parse(project)
            manifest.touch()
    return manifest


def is_fresh(manifest: Path, project: Path) -> bool:
    """Whether no file of the project is newer."""
    try:
        made = manifest.stat().st_mtime
    except FileNotFoundError:
        return False
    return all(path.stat().st_mtime <= made for path in _files(project))


def _files(project: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(project):
        folders[:] = [name for name in folders if name not in _NOT_OURS]
        # A folder's own time tells that a file was removed.
        yield Path(folder)
        yield from (Path(folder, name) for name in files if Path(name).suffix in _SOURCES)


def _parse(project: Path) -> None:
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "parse"]
    environment = {
        **os.environ,
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET_PATH": "target",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = subprocess.run(command, cwd=project, env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        raise DbtParseError(f"{project}: dbt parse failed: {' '.join(lines[-12:])}")
