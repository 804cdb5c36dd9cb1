"""dagster-dbt without what a run does not need: dbt runs as a process of its own.

Imported the usual way, dagster-dbt loads all of dbt-core (some 5 s) for its types, and each command
asks `dbt --version` and opens an adapter of its own (some 6 s more) for metadata that
defs/dbt/assets.py reads quicker. dagster-dbt is made to work without dbt-core, for dbt Fusion: here
it believes there is none. Import dagster_dbt's names from this module only.
"""

from __future__ import annotations

import sys
from functools import cached_property
from importlib import metadata
from typing import Any

from packaging import version

_HIDE = "dbt" not in sys.modules
if _HIDE:
    sys.modules["dbt"] = None  # type: ignore[assignment]  # "not installed"
try:
    from dagster_dbt import (
        DagsterDbtTranslator,
        DagsterDbtTranslatorSettings,
        DbtCliResource,
        DbtProject,
        dbt_assets,
    )
finally:
    if _HIDE:
        del sys.modules["dbt"]

__all__ = [
    "DagsterDbtTranslator",
    "DagsterDbtTranslatorSettings",
    "DbtProcess",
    "DbtProject",
    "dbt_assets",
]


class DbtProcess(DbtCliResource):
    """The dbt command line, whose version is that of the installed package."""

    @cached_property
    def _cli_version(self) -> version.Version:
        return version.parse(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        return None
