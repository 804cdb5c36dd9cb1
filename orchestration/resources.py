"""What assets ask for: settings, the warehouse, dbt, subprocesses. All opened on first use.

Loading the definitions must work without a settings file, secrets, network or database.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dagster as dg
from pydantic import PrivateAttr

from ingestion.settings import Settings, SettingsError, load_settings
from orchestration.automation import MISTAKE
from orchestration.runs import keep_connections, mark_process
from orchestration.warehouse import Warehouse, WarehouseError, home_folder

PROJECT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT / "dbt_project"
WITH_PARENT = PROJECT / "orchestration" / "with_parent.py"


class Platform(dg.ConfigurableResource):
    """The settings and the warehouse of this SEI_HOME."""

    _warehouse: Warehouse | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Leaves a mark of this process on the run, so that a killed run can be told."""
        mark_process(context)
        if context.instance:
            keep_connections(context.instance)

    def settings(self) -> Settings:
        """sei.toml as it is now; a mistake in it fails the step without another try."""
        try:
            return load_settings()
        except SettingsError as error:
            raise dg.Failure(
                f"wrong settings: {error}", metadata={MISTAKE: True}, allow_retries=False
            ) from error

    def warehouse(self) -> Warehouse:
        """The warehouse, started and prepared."""
        if self._warehouse is None:
            try:
                self._warehouse = Warehouse.open(home_folder())
            except WarehouseError as error:
                raise dg.Failure(str(error)) from error
        return self._warehouse

    def url(self, role: str) -> str:
        """The warehouse's address for a room's role."""
        return self.warehouse().url(role)

    @contextmanager
    def dbt_environment(self) -> Iterator[Path]:
        """dbt's environment set for the time being; gives the folder for its artifacts."""
        variables = dbt_variables(self.url("modeller"))
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        try:
            yield home_folder() / "dbt"
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def dbt_executable() -> str:
    """The dbt beside our own Python: nobody has to activate the environment; else that on PATH."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.exists() else "dbt"


def dbt_variables(url: str) -> dict[str, str]:
    """The variables that dbt_project/profiles.yml reads."""
    parts = urlsplit(url)
    return {
        "SEI_DBT_HOST": parts.hostname or "localhost",
        "SEI_DBT_PORT": str(parts.port or 5432),
        "SEI_DBT_USER": unquote(parts.username or ""),
        "SEI_DBT_PASSWORD": unquote(parts.password or ""),
        "SEI_DBT_DATABASE": unquote(parts.path.lstrip("/")),
    }
