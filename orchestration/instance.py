"""The Dagster instance of a SEI_HOME: its folder, and the environment its processes need."""

from __future__ import annotations

from pathlib import Path

from orchestration.homes import PROJECT, Home
from orchestration.warehouse import Warehouse

# Runs, events and schedules; the address holds a password, so it comes by environment.
STORAGE = """
storage:
  postgres:
    postgres_url:
      env: SEI_DAGSTER_URL
"""


def dagster_environment(home: Home, warehouse: Warehouse) -> dict[str, str]:
    """The environment of every Dagster process of this home; holds a password, so never log it."""
    folder = dagster_folder(home)
    return {
        **home.environ,
        "DAGSTER_HOME": str(folder),
        "SEI_DAGSTER_URL": warehouse.dagster_url(),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "PYTHONUNBUFFERED": "1",
    }


def dagster_folder(home: Home) -> Path:
    """DAGSTER_HOME, with the project's dagster.yaml and the storage in it."""
    folder = home.folder / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text() + STORAGE)
    return folder
