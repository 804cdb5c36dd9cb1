import json
from collections import Counter

import pytest

from bench.__main__ import SCENARIOS, section
from bench.comparison import Run, Scenario, fault_lines, lost


def _run(tool: str, seconds: float, **rows: int) -> Run:
    return Run(tool, seconds, Counter(rows), requests=int(seconds * 10))


def test_rows_per_second_are_compared_on_what_both_load() -> None:
    scenario = Scenario([_run("ours", 2, pulls=100, commits=300), _run("peer", 20, pulls=100)])
    line = scenario.lines(["pulls", "commits"])[1]
    # 50 a second against 5; the commits count for nobody.
    assert line[-3:] == ["10.0 ×", "10.0 ×", "10.0 ×"]


def test_a_peer_without_rows_has_no_ratio() -> None:
    scenario = Scenario([_run("ours", 2, pulls=100), _run("peer", 20)])
    assert scenario.lines(["pulls"])[1][-1] == "–"


def test_rows_of_one_entity_do_not_make_up_for_those_of_another() -> None:
    before, after = _run("peer", 1, pulls=10, commits=5), _run("peer", 1, pulls=7, commits=9)
    assert lost(before, after) == 3
    lines = fault_lines(Scenario([before]), Scenario([after]))
    assert lines[0][-2:] == ["3 of 15", "no"]


def test_a_benchmark_that_failed_says_so() -> None:
    assert "ended with status 2" in section(SCENARIOS[0], 2, 1.0, "")
    assert "ended" not in section(SCENARIOS[0], 0, 1.0, "| a |")


@pytest.fixture
def _bench_on_path(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.syspath_prepend(request.config.rootpath / "bench")


@pytest.mark.usefixtures("_bench_on_path")
def test_faults_hit_the_same_requests_once_and_then_let_them_pass() -> None:
    from peer_server import KINDS, Faults

    faults = Faults(every=5)
    asked = [f"GET /repos/acme/shop/pulls/{number}" for number in range(200)]
    first = {one for one in asked if faults.take(one)}
    assert 20 <= len(first) <= 60
    assert set(faults.hits) <= set(KINDS)
    for _ in range(2):
        again = {one for one in asked if faults.take(one)}
        assert again < first
    assert not again
    other = Faults(every=5)
    assert {one for one in asked if other.take(one)} == first


@pytest.mark.usefixtures("_bench_on_path")
def test_records_are_counted_once_and_pull_requests_are_no_issues() -> None:
    from peer_tools import STITCH, singer_rows

    lines = [
        {"type": "SCHEMA", "stream": "issues", "key_properties": ["id"]},
        {"type": "RECORD", "stream": "issues", "record": {"id": 1}},
        {"type": "RECORD", "stream": "issues", "record": {"id": 1}},
        {"type": "RECORD", "stream": "issues", "record": {"id": 2, "pull_request": {"url": ""}}},
        {"type": "STATE", "value": {}},
    ]
    text = [*(json.dumps(line) for line in lines), '{"type": "REC']
    assert singer_rows(text, STITCH) == {"issues": 1}
