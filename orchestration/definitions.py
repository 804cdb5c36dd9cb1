"""Everything Dagster knows: the folders of defs/, the resources they ask for, the defaults.

Loading this needs no network, no secrets, no database and no settings file.
"""

from __future__ import annotations

import sys
import warnings

import dagster as dg

import orchestration.defs
from orchestration.automation import with_default_freshness
from orchestration.dbt_engine import DbtProcess
from orchestration.metrics_process import MetricsProcess
from orchestration.resources import DBT_PROJECT, WITH_PARENT, Platform, dbt_executable

warnings.filterwarnings("ignore", category=dg.PreviewWarning, module="orchestration|dagster")


@dg.definitions
def defs() -> dg.Definitions:
    """The code location `sei`."""
    # Not load_from_defs_folder: it imports every component that any installed package offers, 4 s.
    rooms = dg.load_definitions_from_package_module(orchestration.defs)
    base = dg.Definitions(
        resources={
            "platform": Platform(),
            "dbt": DbtProcess(
                project_dir=str(DBT_PROJECT),
                profiles_dir=str(DBT_PROJECT),
                # dbt goes with the run that started it.
                dbt_executable=sys.executable,
                global_config_flags=["-E", "-S", str(WITH_PARENT), dbt_executable()],
            ),
            "spark": MetricsProcess(),
        },
        # A process a step costs 4 s of imports each and gains nothing: dbt and Spark are
        # processes of their own and use the cores, loading waits for the network.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(rooms, base).map_resolved_asset_specs(func=with_default_freshness)
