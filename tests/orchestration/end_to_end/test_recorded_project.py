"""A real project, loaded through the real source: facts worked out beside the pipeline.

The facts were worked out from the recorded payloads by walking the parents of each tag in the order
of the tags' dates, as `git tag --contains` would; none of them comes from the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import psycopg
import pytest

from tests.fixtures.pipeline import RECORDED, Installation, demo_server
from tests.independent.comparison import reckon_warehouse

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded payloads at {RECORDED}"),
]

SETTINGS = """
[organization]
name = "Ants"
slug = "ants"
timezone = "Asia/Shanghai"

[history]
since = 2018-01-01

[[github]]
name = "github"
api_url = "{url}"
token = "env:SEI_DEMO_TOKEN"
owners = ["user-25f02436"]
"""

# Pull request -> the tag that shipped it first.
SHIPPED_BY = {
    30: "v1.0.1", 39: "v1.0.1", 40: "v1.1.0", 48: "v2.0.0-rc.3", 51: "v2.0.0-rc.4", 53: "v2.2.0",
    79: "v2.3.1", 89: "v2.4.0", 100: "v2.4.2", 107: "v2.4.2", 114: "v2.4.3", 172: "v2.4.7",
    174: "v2.4.7", 184: "v2.4.7", 185: "v2.4.7", 186: "v2.4.7", 189: "v2.4.7", 206: "v2.4.8",
    210: "v2.4.8",
}  # fmt: skip
# Reached by v1.0.0 already, the first tag there is, so nobody knows what shipped them.
BEFORE_THE_FIRST_TAG = {4, 13, 14, 15, 19, 23}
# Its recorded merge commit is in no history that was recorded.
NOT_IN_THE_GRAPH = {41}


@pytest.fixture(scope="module")
def ants(installation: Callable[[str], Installation]) -> Iterator[Installation]:
    one = installation("ants")
    with demo_server("--recorded", str(RECORDED)) as addresses:
        one.configure(SETTINGS.format(url=addresses.github))
        done = one.sei("run")
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        yield one


def hours(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600


def test_every_pull_request_is_loaded_once_though_one_is_recorded_twice(ants):
    assert ants.query("select count(*), count(merged_at) from marts.fct_pull_requests") == [
        (49, 26)
    ]


def test_tags_are_its_deployments(ants):
    assert ants.query(
        "select detected_by, environment_tier, status, count(*) from marts.fct_deployments"
        " group by 1, 2, 3"
    ) == [("default:tag", "production", "success", 48)]


def test_each_pull_request_is_shipped_by_the_first_tag_that_contains_it(ants):
    rows = ants.query(
        "select p.number, d.ref_name from metrics.deployment_changes as c"
        " join marts.fct_deployments as d using (deployment_id)"
        " join marts.fct_pull_requests as p using (pull_request_id)"
    )
    assert {number: tag.removeprefix("refs/tags/") for number, tag in rows} == SHIPPED_BY
    assert len(rows) == len(SHIPPED_BY)


def test_the_first_tag_claims_nothing_but_its_own(ants):
    assert ants.query(
        "select count(*) from metrics.deployment_changes as c"
        " join marts.fct_deployments as d using (deployment_id) where d.ref_name like '%%v1.0.0'"
    ) == [(0,)]
    rows = ants.query(
        "select number from marts.fct_pull_requests where merged_at is not null and"
        " pull_request_id not in (select pull_request_id from metrics.deployment_changes"
        " where pull_request_id is not null)"
    )
    assert {number for (number,) in rows} == BEFORE_THE_FIRST_TAG | NOT_IN_THE_GRAPH


@pytest.mark.parametrize(
    ("number", "first_commit", "tagged"),
    [
        (30, "2019-04-04T11:52:12Z", "2019-07-26T16:11:26+08:00"),
        (40, "2019-07-26T06:25:16Z", "2019-07-27T13:10:11+08:00"),
        (53, "2019-10-05T18:02:40Z", "2019-10-14T00:21:49+08:00"),
        (107, "2020-08-28T14:37:53Z", "2020-08-29T18:51:56+08:00"),
        (206, "2022-01-07T18:01:25Z", "2022-02-23T00:48:19+08:00"),
    ],
)
def test_lead_time_runs_from_the_first_commit_to_the_tag(ants, number, first_commit, tagged):
    rows = ants.query(
        "select c.lead_time_hours from metrics.deployment_changes as c"
        " join marts.fct_pull_requests as p using (pull_request_id) where p.number = %s",
        number,
    )
    assert rows == [(pytest.approx(hours(first_commit, tagged), abs=1e-9),)]


def test_a_pull_request_without_recorded_commits_has_no_lead_time(ants):
    rows = ants.query(
        "select c.lead_time_hours from metrics.deployment_changes as c"
        " join marts.fct_pull_requests as p using (pull_request_id) where p.number = 39"
    )
    assert rows == [(None,)]


def test_a_tag_a_second_before_the_merge_gives_no_negative_deploy_time(ants):
    # v2.4.2 points at the squash commit of 107, made a second before GitHub noted the merge.
    rows = ants.query(
        "select c.deploy_hours, c.cycle_hours from metrics.pull_request_cycle as c"
        " join marts.fct_pull_requests as p using (pull_request_id) where p.number = 107"
    )
    expected = hours("2020-08-28T14:37:53Z", "2020-08-29T18:51:56+08:00")
    assert rows == [(None, pytest.approx(expected, abs=1e-9))]


@pytest.mark.parametrize(
    ("number", "first_response"),
    [
        # 41: a comment on its lines by somebody else, whose review is not among those recorded.
        (41, "2019-08-20T03:25:26Z"),
        # 53: changes requested by the maintainer; what the author wrote does not count.
        (53, "2019-10-07T16:56:26Z"),
        (107, None),
    ],
)
def test_the_first_response_is_by_a_human_who_is_not_the_author(ants, number, first_response):
    rows = ants.query(
        "select first_review_at from marts.fct_pull_requests where number = %s", number
    )
    assert rows == [(datetime.fromisoformat(first_response) if first_response else None,)]


def test_two_tags_on_one_commit_ship_it_once_and_are_no_rollback(ants):
    rows = ants.query(
        "select d.ref_name, o.is_rollback,"
        " (select count(*) from metrics.deployment_changes as c"
        "  where c.deployment_id = d.deployment_id and c.change_kind = 'pull_request')"
        " from marts.fct_deployments as d"
        " join metrics.deployment_outcomes as o using (deployment_id)"
        " where d.ref_name ~ 'v(1\\.2\\.|2\\.0\\.0-)' order by d.deployment_id"
    )
    assert [
        (name.removeprefix("refs/tags/"), rollback, count) for name, rollback, count in rows
    ] == [
        ("v1.2.0", False, 0),
        ("v1.2.1", False, 0),
        ("v2.0.0-alpha", False, 0),
        ("v2.0.0-rc.1", False, 0),
        ("v2.0.0-rc.2", False, 0),
        ("v2.0.0-rc.3", False, 1),
        ("v2.0.0-rc.4", False, 1),
    ]


def test_without_an_incident_rule_nobody_knows_whether_deployments_failed(ants):
    rows = ants.query(
        "select distinct status, value from metrics.dora"
        " where metric = 'failed_deployment_recovery_time' and entity_type = 'service'"
    )
    assert rows == [("no_source", None)]


def test_an_independent_computation_comes_to_the_same(ants):
    with psycopg.connect(ants.warehouse().url()) as connection:
        found = reckon_warehouse(connection)
    assert not found, found[:10]
