"""The declared checks, without a database."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ingestion.contracts import GITHUB, GITLAB, JIRA
from quality.claims import CheckSpec, RowCount, Rows, Values
from quality.suites import DOORS, check_specs, raw

SPECS = [spec for door in DOORS for spec in check_specs(door)]


def test_a_check_is_named_once_per_table():
    names = [(spec.table, spec.name) for spec in SPECS]

    assert len(names) == len(set(names))


def test_a_checks_name_is_a_claim_in_lower_case_words():
    assert all(spec.name.replace("_", "").isalnum() for spec in SPECS)
    assert all(spec.name == spec.name.lower() for spec in SPECS)


def test_every_check_says_what_it_means():
    assert all(spec.description.rstrip().endswith(".") for spec in SPECS)


def test_keys_are_those_of_the_contracts():
    tables = [*GITHUB.values(), *GITLAB.values(), *JIRA.values()]
    assert {f"{table.schema}.{table.name}": table.key for table in tables} == raw.KEYS


def test_every_checked_raw_column_is_in_the_contracts():
    for spec in check_specs("raw"):
        schema, _, table = spec.table.partition(".")
        source = {"raw_github": GITHUB, "raw_gitlab": GITLAB, "raw_jira": JIRA}[schema]
        if isinstance(spec.claim, Values):
            assert spec.claim.column in source[table].open_columns()


def test_the_doors_guard_their_schemas():
    raw_schemas = {"raw_github", "raw_gitlab", "raw_jira"}
    assert {spec.table.split(".")[0] for spec in check_specs("raw")} == raw_schemas
    assert {spec.table.split(".")[0] for spec in check_specs("marts")} == {"marts"}
    assert {spec.table.split(".")[0] for spec in check_specs("metrics")} == {"metrics"}


def test_samples_select_no_names_of_people():
    for spec in SPECS:
        if isinstance(spec.claim, Rows):
            assert not {"login", "email", "title", "body"} & set(
                spec.claim.sql.replace(",", " ").replace("_", " ").replace(".", " ").split()
            ), spec.name


def test_what_only_warns_does_not_block():
    with pytest.raises(ValueError, match="severity must be error"):
        CheckSpec("holds", "marts.facts", RowCount(1), "It holds.", severity="warn", blocking=True)


def test_an_unknown_door_is_refused():
    with pytest.raises(ValueError, match="there are raw, marts, metrics"):
        check_specs("cellar")  # type: ignore[arg-type]


def test_listing_the_checks_loads_no_engine():
    program = (
        "import sys; from quality.suites import check_specs; import quality.checkpoint;"
        "check_specs('raw'); print('great_expectations' in sys.modules)"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "False"
