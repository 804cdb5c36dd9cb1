"""Which warehouse a command is about: one's own, or the demo company's, each in its own SEI_HOME.

The demo lives in SEI_HOME/demo with its own settings, database server and Dagster, so that
invented rows never meet real ones. Commands that show something take one's own when there is a
settings file, else the demo.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from orchestration.warehouse import Warehouse, home_folder

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """A SEI_HOME with the environment that every process working in it gets."""

    folder: Path
    environ: Mapping[str, str]
    is_demo: bool = False

    @property
    def config(self) -> Path:
        """The settings file."""
        return Path(self.environ["SEI_CONFIG"])

    def open_warehouse(self) -> Warehouse:
        """The warehouse, running and prepared. Raises WarehouseError."""
        return Warehouse.open(self.folder, self.environ)


def own_home(environ: Mapping[str, str] | None = None) -> Home:
    """The home of one's own organization."""
    environ = dict(os.environ if environ is None else environ)
    folder = home_folder(environ)
    environ["SEI_HOME"] = str(folder)
    environ["SEI_CONFIG"] = str(Path(environ.get("SEI_CONFIG") or "sei.toml").absolute())
    return Home(folder, environ)


def demo_home(environ: Mapping[str, str] | None = None) -> Home:
    """The demo's home; on a server of the user's own it has databases of its own."""
    environ = dict(os.environ if environ is None else environ)
    folder = home_folder(environ) / "demo"
    environ["SEI_HOME"] = str(folder)
    environ["SEI_CONFIG"] = str(folder / "sei.toml")
    # No secret: the invented GitHub accepts it, and nobody else does.
    environ.setdefault("SEI_DEMO_TOKEN", "demo-token")
    if environ.get("SEI_WAREHOUSE_URL"):
        parts = urlsplit(environ["SEI_WAREHOUSE_URL"])
        environ["SEI_WAREHOUSE_URL"] = parts._replace(path=f"{parts.path}_demo").geturl()
        environ["SEI_DAGSTER_DATABASE"] = "dagster_demo"
    return Home(folder, environ, is_demo=True)


def shown_home(environ: Mapping[str, str] | None = None, *, demo: bool = False) -> Home:
    """The home that `up`, `report` and `psql` are about."""
    own, invented = own_home(environ), demo_home(environ)
    if demo or (not own.config.exists() and invented.config.exists()):
        return invented
    return own
