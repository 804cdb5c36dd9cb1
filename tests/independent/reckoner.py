"""Second, independent computation of the metrics tables: dictionaries in, dictionaries out."""

from __future__ import annotations

from datetime import datetime

from tests.independent.reckoner_coverage import coverage
from tests.independent.reckoner_dora import Reckoning
from tests.independent.reckoner_facts import Facts, Row, Tables
from tests.independent.reckoner_outcomes import blame, incident_outcomes, outcomes
from tests.independent.reckoner_shipping import Places, cycle, ship


def reckon(tables: Tables, as_of: datetime) -> dict[str, list[Row]]:
    """The rows of every table of metrics, by its name, without version and time of the run.

    `tables`: rows of every input of transform.schemas.INPUTS, by its name.
    """
    facts = Facts(tables, as_of)
    places = Places(facts)
    told = ship(facts, places)
    blamed = blame(facts, places, told)
    cycles = cycle(facts, places, told)
    done = outcomes(facts, told, blamed)
    incidents = incident_outcomes(facts, blamed)
    return {
        "deployment_changes": told.rows,
        "pull_request_cycle": cycles,
        "deployment_outcomes": done,
        "incident_outcomes": incidents,
        "linkage_coverage": coverage(facts, places, told, incidents),
        "dora": Reckoning(facts, places, told.rows, cycles, done).rows(),
    }
