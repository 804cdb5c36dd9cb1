"""Everything Dagster knows: the folders of defs/, the resources they ask for, the defaults.

Loading this needs no network, no secrets, no database and no settings file.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.automation import with_default_freshness
from orchestration.resources import DBT_PROJECT, Platform


@dg.definitions
def defs() -> dg.Definitions:
    """The code location `sei`."""
    rooms = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    base = dg.Definitions(
        resources={
            "platform": Platform(),
            "dbt": DbtCliResource(project_dir=str(DBT_PROJECT), profiles_dir=str(DBT_PROJECT)),
            "pipes": dg.PipesSubprocessClient(),
        },
        # A process a step costs 4 s of imports each and gains nothing: dbt and Spark are
        # processes of their own and use the cores, loading waits for the network.
        executor=dg.in_process_executor,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.Definitions.merge(rooms, base).map_resolved_asset_specs(
            func=with_default_freshness
        )
