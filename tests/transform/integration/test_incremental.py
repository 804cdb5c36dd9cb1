"""A computation of what has changed is equal to one of everything, whatever has changed."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from bench.transform_marts import END, company, write_marts
from transform.errors import TransformError
from transform.incremental import KEPT
from transform.recompute import Work, prepared, recompute
from transform.schemas import OUTPUTS
from transform.warehouse import Warehouse

pytestmark = pytest.mark.integration

# Each changes one row of one table, chosen by chance where brackets are.
CHANGES = {
    "a commit is gone": "delete from marts.fct_commits where [sha of fct_commits]",
    "a commit was written earlier": "update marts.fct_commits set authored_at = authored_at"
    " - interval '3 days', pull_request_id = null where [sha of fct_commits]",
    "a pull request was merged later": "update marts.fct_pull_requests set merged_at = merged_at"
    " + interval '2 days' where [pull_request_id of fct_pull_requests]",
    "a pull request has no merge commit": "update marts.fct_pull_requests set"
    " merge_commit_sha = null where [pull_request_id of fct_pull_requests]",
    "a pull request is gone": "delete from marts.fct_pull_requests"
    " where [pull_request_id of fct_pull_requests]",
    "a pull request reverts one elsewhere": "update marts.bridge_pull_request_reverts set"
    " reverted_pull_request_id = (select pull_request_id from marts.fct_pull_requests"
    " where [another pull_request_id of fct_pull_requests])"
    " where [pull_request_id of bridge_pull_request_reverts]",
    "a deployment finished later": "update marts.fct_deployments set finished_at = finished_at"
    " + interval '30 hours' where [deployment_id of fct_deployments]",
    "a deployment failed": "update marts.fct_deployments set status = 'failure'"
    " where [deployment_id of fct_deployments]",
    "a deployment is of another service": "update marts.fct_deployments set service_id ="
    " (select service_id from marts.dim_services where [another service_id of dim_services])"
    " where [deployment_id of fct_deployments]",
    "a deployment is of no service": "update marts.fct_deployments set service_id = null"
    " where [deployment_id of fct_deployments]",
    "an incident is open again": "update marts.fct_incidents set resolved_at = null"
    " where [incident_id of fct_incidents]",
    "an incident is of no service": "update marts.fct_incidents set service_id = null"
    " where [incident_id of fct_incidents]",
    "an incident is of another service": "update marts.fct_incidents set service_id ="
    " (select service_id from marts.dim_services where [another service_id of dim_services])"
    " where [incident_id of fct_incidents]",
    "an incident names a commit": "insert into marts.bridge_incident_references"
    " (incident_id, kind, commit_sha) select i.incident_id, 'commit', c.sha from"
    " (select incident_id from marts.fct_incidents where [incident_id of fct_incidents]) as i,"
    " (select sha from marts.fct_commits where [another sha of fct_commits]) as c",
    "an incident names a pull request": "insert into marts.bridge_incident_references"
    " (incident_id, kind, pull_request_id) select i.incident_id, 'pull_request',"
    " p.pull_request_id from"
    " (select incident_id from marts.fct_incidents where [incident_id of fct_incidents]) as i,"
    " (select pull_request_id from marts.fct_pull_requests"
    " where [another pull_request_id of fct_pull_requests]) as p",
    "a pull request works on an incident": "insert into marts.bridge_pull_request_issues"
    " (pull_request_id, issue_id, is_work) select p.pull_request_id, i.issue_id, true from"
    " (select issue_id from marts.fct_incidents where [issue_id of fct_incidents]) as i,"
    " (select pull_request_id from marts.fct_pull_requests"
    " where [another pull_request_id of fct_pull_requests]) as p",
    "a service has no incident source": "update marts.dim_services set"
    " has_incident_source = false where [service_id of dim_services]",
    "a service has another team": "update marts.dim_services set team_id = null"
    " where [service_id of dim_services]",
    "a repository is of no service": "delete from marts.bridge_service_repositories"
    " where [repository_id of bridge_service_repositories]",
}
# They change what holds for all.
SETTINGS = {
    "incidents are linked for a day": "update marts.dim_metric_settings set"
    " incident_link_window_hours = 24",
    "an author is a bot": "insert into marts.dim_developers values ('github:U_1', true)",
}


class Computed:
    """Marts that change, and the metrics computed from them."""

    def __init__(self, warehouse: Any, spark: Any) -> None:
        self.warehouse = warehouse
        self.spark = spark
        with psycopg.connect(warehouse.url("modeller")) as connection:
            write_marts(connection, company(24, 6, 6))

    def change(self, statement: str, seed: int) -> None:
        def by_chance(place: re.Match[str]) -> str:
            another, key, table = place.groups()
            order = f"md5({key} || '{seed} {another}')"
            return f"{key} = (select {key} from marts.{table} order by {order} limit 1)"

        statement = re.sub(r"\[(another )?(\w+) of (\w+)\]", by_chance, statement)
        with psycopg.connect(self.warehouse.url("modeller")) as connection:
            connection.execute(statement.encode())

    def compute(self, as_of: datetime, *, full: bool = False) -> Work:
        work = self.prepare(as_of, full=full)
        recompute(self.spark, work)
        return work

    def prepare(self, as_of: datetime, *, full: bool = False) -> Work:
        warehouse = Warehouse(self.warehouse.url("metrician"))
        return prepared(warehouse, as_of, small=True, remember=True, full=full)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        with psycopg.connect(self.warehouse.url("reader")) as connection:
            return {
                name: connection.execute(
                    f"select {', '.join(c for c in table.column_names() if c != 'computed_at')}"
                    f" from metrics.{name} order by {', '.join(table.key)}".encode()
                ).fetchall()
                for name, table in OUTPUTS.items()
            }


@pytest.fixture
def computed(warehouse: Any, spark: Any) -> Computed:
    return Computed(warehouse, spark)


def test_what_changed_computed_by_itself_equals_everything_computed_anew(computed):
    chance = random.Random(4)
    names = chance.sample(sorted(CHANGES), len(CHANGES))
    # First with a time before some of the facts: the next one gets to know them.
    moments = [END - timedelta(days=days) for days in (20, 19, 0)]
    computed.compute(moments[0])
    some_kept = False
    for number, as_of in enumerate(moments[1:]):
        chosen = names[number * 10 : number * 10 + 10]
        for name in chosen:
            computed.change(CHANGES[name], number)
        work = computed.compute(as_of)
        found = computed.rows()
        some_kept |= work.is_partial
        computed.compute(as_of, full=True)
        assert found == computed.rows(), chosen
    assert some_kept


def test_periods_that_were_over_stay_of_whom_nothing_new_is_known(computed):
    steps = {
        END: [],
        # Across a month's end and a quarter's.
        END + timedelta(days=33): ["update marts.fct_deployments set status = 'failure'"
                                  " where [deployment_id of fct_deployments]"],
        # A repository's facts are gone, a service is another team's.
        END + timedelta(days=95): [CHANGES["a service has another team"],
                                   "delete from marts.fct_deployments"
                                   " where [repository_id of fct_deployments]"],
    }  # fmt: skip
    total = 0
    for number, (as_of, statements) in enumerate(steps.items()):
        for statement in statements:
            computed.change(statement, number)
        work = computed.prepare(as_of)
        written = recompute(computed.spark, work)["dora"]
        found = computed.rows()
        if total:
            assert work.periods is not None
            assert written < total / 2
        computed.compute(as_of, full=True)
        assert found == computed.rows(), as_of
        total = len(found["dora"])


@pytest.mark.parametrize(
    "statement",
    [
        "update marts.dim_metric_settings set minimum_sample = 1",
        "update marts.dora_bands set from_value = from_value / 2 where metric = 'change_lead_time'",
        "insert into marts.dim_developers values ('github:U_new', true)",
    ],
)
def test_no_period_stays_when_what_it_hangs_on_has_changed(computed, statement):
    computed.compute(END)
    computed.change(statement, 0)

    assert computed.prepare(END + timedelta(days=1)).periods is None


def test_a_new_colleague_changes_no_number(computed):
    computed.compute(END)
    computed.change("insert into marts.dim_developers values ('github:U_new', false)", 0)

    assert len(computed.prepare(END + timedelta(days=1)).since.kept) == 24


def test_a_computation_as_of_an_earlier_time_keeps_no_period(computed):
    computed.compute(END)

    assert computed.prepare(END - timedelta(days=1)).periods is None


def test_nothing_changed_keeps_every_row_and_a_run_between_is_noticed(computed):
    computed.compute(END)
    before = computed.rows()
    again = computed.prepare(END)
    assert again.since is not None
    assert len(again.since.kept) == len(again.since.units) == 24
    written = {name: count for name, count in recompute(computed.spark, again).items() if count}
    assert not set(written) & set(KEPT)
    assert computed.rows() == before
    # What the first of two had read is no longer what is there.
    late = computed.prepare(END)
    computed.compute(END)
    with pytest.raises(TransformError, match="meanwhile"):
        recompute(computed.spark, late)
    assert computed.rows() == before
    for name, statement in SETTINGS.items():
        computed.change(statement, 0)
        assert not computed.prepare(END).is_partial, name
