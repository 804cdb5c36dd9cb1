"""Settings rows, URLs and the job's one-line errors, without a database or Spark."""

from __future__ import annotations

import dataclasses

import pytest

from transform.errors import TransformError
from transform.jobs import compute_metrics
from transform.metric_settings import MetricSettings
from transform.schemas import INPUTS, OUTPUTS
from transform.warehouse import Warehouse, without_password


def test_a_settings_row_is_taken_as_it_is(settings):
    assert MetricSettings.of([dataclasses.asdict(settings)]) == settings


def test_an_unlimited_window_is_null(settings):
    row = dataclasses.asdict(settings) | {"incident_link_window_hours": None}
    assert MetricSettings.of([row]).incident_link_window_hours is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timezone": "Mars/Base"}, "Mars/Base"),
        ({"timezone": "../etc/passwd"}, "no IANA time zone"),
        ({"week_starts_on": "someday"}, "no day of the week"),
        ({"minimum_sample": None}, "minimum_sample is null"),
    ],
)
def test_senseless_settings_are_refused_in_one_line(settings, change, message):
    with pytest.raises(TransformError, match=message) as error:
        MetricSettings.of([dataclasses.asdict(settings) | change])
    assert "\n" not in str(error.value)


def test_settings_that_are_not_there_are_refused():
    with pytest.raises(TransformError, match="0 rows"):
        MetricSettings.of([])


def test_passwords_are_blotted_out_in_every_form():
    url = "postgresql://me:p%40ss+word@host:5432/db"
    text = without_password(f"failed: {url} with p@ss+word or p%40ss%2Bword", url)
    assert "p@ss" not in text
    assert "p%40ss" not in text


@pytest.mark.parametrize("url", ["mysql://a/b", "nonsense", "postgresql://host:port/db"])
def test_a_malformed_url_is_one_line(url):
    with pytest.raises(TransformError, match="SEI_METRICS_URL"):
        Warehouse(url)


def test_without_a_url_the_job_says_what_to_set(monkeypatch, capsys):
    monkeypatch.delenv("SEI_METRICS_URL", raising=False)
    assert compute_metrics.main([]) == 2
    error = capsys.readouterr().err
    assert "SEI_METRICS_URL" in error
    assert error.count("\n") == 1


def test_a_time_that_is_none_is_told(capsys):
    arguments = ["--as-of", "yesterday", "--url", "postgresql://u:secret@localhost/x"]
    assert compute_metrics.main(arguments) == 2
    assert "ISO 8601" in capsys.readouterr().err


def test_a_refused_connection_is_one_line_without_the_password(capsys):
    url = "postgresql://metrician:very-secret@127.0.0.1:1/sei"
    assert compute_metrics.main(["--url", url]) == 1
    error = capsys.readouterr().err
    assert "127.0.0.1:1/sei" in error
    assert "very-secret" not in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_output_column_says_what_it_is(name):
    table = OUTPUTS[name]
    assert table.grain
    assert all(column.description for column in table.columns)
    assert set(table.key) <= set(table.column_names())
    # Part of a primary key, so never null.
    assert not [c.name for c in table.columns if c.name in table.key and c.nullable]


def test_a_table_that_is_up_to_date_needs_no_statement():
    table = OUTPUTS["dora"]
    described = {c.name: c.description for c in table.columns} | {"": table.grain}
    assert table.ddl(described) == []
    described.pop("p95")
    assert table.ddl(described)[0].startswith("alter table metrics.dora add column")


def test_inputs_are_marts():
    assert {table.schema for table in INPUTS.values()} == {"marts"}
