"""The parts of a run that need no database."""

from __future__ import annotations

import pytest

from quality.__main__ import main
from quality.checkpoint import QualityError, floor, query, run, sqlalchemy_url
from quality.claims import RowCount, Rows


@pytest.mark.parametrize(
    ("keeps", "before", "fewest"), [(0.5, 0, 0), (0.5, 1, 1), (0.5, 9, 5), (0.98, 100, 98)]
)
def test_the_floor_is_a_share_of_the_last_volume(keeps: float, before: int, fewest: int):
    assert floor(RowCount(keeps), before) == fewest


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_the_driver_is_named(scheme: str):
    assert sqlalchemy_url(f"{scheme}://u:p@h:1/d") == "postgresql+psycopg://u:p@h:1/d"


def test_a_dollar_in_the_password_is_no_variable():
    assert sqlalchemy_url("postgresql://u:p$HOME@h/d") == "postgresql+psycopg://u:p%24HOME@h/d"


def test_another_database_is_refused_without_its_password():
    with pytest.raises(QualityError) as refused:
        sqlalchemy_url("mysql://u:hunter2@h/d")

    assert "hunter2" not in str(refused.value)


def test_braces_of_the_sql_reach_the_database():
    assert "'{{}}'" in query(Rows("select id from this where labels = '{}'"))


def test_an_unreachable_warehouse_is_one_line_without_the_password(
    capsys: pytest.CaptureFixture[str],
):
    environ = {"SEI_QUALITY_URL": "postgresql://inspector:hunter2@127.0.0.1:9/warehouse"}

    status = main(["run", "--door", "raw"], environ)

    told = capsys.readouterr().err
    assert status == 2
    assert told.startswith("quality: warehouse 127.0.0.1:9/warehouse: ")
    assert told.count("\n") == 1
    assert "hunter2" not in told


def test_a_missing_address_is_named(capsys: pytest.CaptureFixture[str]):
    assert main(["run"], {}) == 2
    assert "SEI_QUALITY_URL is not set" in capsys.readouterr().err


def test_data_docs_need_a_folder():
    with pytest.raises(QualityError, match="folder"):
        run("raw", "postgresql://u:p@h/d", "run", build_docs=True)


def test_the_checks_can_be_listed_without_a_warehouse(capsys: pytest.CaptureFixture[str]):
    assert main(["list", "--door", "metrics"], {}) == 0
    assert "metrics.dora.lead_time_is_not_negative" in capsys.readouterr().out
