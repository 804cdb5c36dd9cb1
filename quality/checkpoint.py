"""Runs the checks of one door with Great Expectations and keeps what they found."""

from __future__ import annotations

import importlib.util
import logging
import math
import os
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

import psycopg
from psycopg.conninfo import conninfo_to_dict

from quality import results
from quality.claims import CheckOutcome, CheckSpec, Door, RowCount, Rows, Values
from quality.suites import check_specs, slices

_SAMPLE = 5
_LONGEST = 80
_TABLE_NAME = re.compile(
    r"\b(?:raw_[a-z]+|staging|intermediate|marts|metrics|quality)\.[a-z][a-z0-9_]*"
)
# Errors whose text names a table or column. The text of any other may quote a stored value.
_TELLING = {"UndefinedColumn", "UndefinedTable", "UndefinedFunction", "InsufficientPrivilege"}


class QualityError(Exception):
    """The checks could not be run; the message is one line for people, without secrets."""


def run(
    door: Door,
    url: str,
    run_id: str,
    gx_home: Path | None = None,
    build_docs: bool = False,
) -> list[CheckOutcome]:
    """Runs every check of the door over the warehouse at `url` (postgresql://…, role inspector).

    The outcomes come in the order of `check_specs(door)` and are kept in quality.check_results,
    row counts in quality.table_volumes. A table that does not exist counts as empty. With
    `build_docs` the door's pages are written under `gx_home`. Raises QualityError.
    """
    if build_docs and gx_home is None:
        raise QualityError("the data docs need a folder (gx_home)")
    specs = check_specs(door)
    checked_at = datetime.now(UTC)
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            results.prepare(connection)
            tables = {spec.table for spec in specs}
            read = {name for spec in specs for name in _tables_read(spec)}
            existing = results.existing_tables(connection, tables | read)
            before = results.accepted_volumes(connection, door)
            volumes = {(table, ""): 0 for table in tables}
            volumes |= results.count_rows(connection, tables & existing, slices(door))
            connection.commit()

            missing = {spec: _missing(spec, existing) for spec in specs}
            empty = {table for table in tables if volumes[table, ""] == 0}
            # A check takes a tenth of a second, and most companies lack a source or a feature.
            idle = {spec for spec in specs if not missing[spec] and _is_idle(spec, empty)}
            ready = [spec for spec in specs if not missing[spec] and spec not in idle]
            found = validate(door, url, ready, before, gx_home if build_docs else None)
            outcomes = [
                _without_table(spec, missing[spec], before)
                if missing[spec]
                else _of_empty(spec, before)
                if spec in idle
                else found[spec.table, spec.name]
                for spec in specs
            ]
            outcomes = [_with_volume(outcome, volumes, before) for outcome in outcomes]
            results.store(
                connection,
                run_id=run_id,
                door=door,
                checked_at=checked_at,
                outcomes=outcomes,
                volumes=volumes,
                accepted=all(outcome.passed or not outcome.blocking for outcome in outcomes),
            )
    except psycopg.Error as error:
        raise QualityError(f"{_where(url)}: {_first_line(error)}") from error
    return outcomes


def accept(door: Door, url: str) -> str | None:
    """Takes the door's latest row counts as right, whatever was there before; its run_id."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            results.prepare(connection)
            return results.accept(connection, door)
    except psycopg.Error as error:
        raise QualityError(f"{_where(url)}: {_first_line(error)}") from error


def floor(claim: RowCount, before: int) -> int:
    """The fewest rows that the claim allows after `before` rows."""
    return math.ceil(claim.keeps * before)


def sqlalchemy_url(url: str) -> str:
    """The URL with its driver named (SQLAlchemy's default differs between versions), and without
    a `$`, which Great Expectations would take for a variable."""
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] not in {"postgresql", "postgres"} or not rest:
        raise QualityError("the warehouse's address must begin with postgresql://")
    return f"postgresql+psycopg://{rest.replace('$', '%24')}"


def _tables_read(spec: CheckSpec) -> set[str]:
    return set(_TABLE_NAME.findall(spec.claim.sql)) if isinstance(spec.claim, Rows) else set()


def _missing(spec: CheckSpec, existing: set[str]) -> list[str]:
    return sorted({spec.table, *_tables_read(spec)} - existing)


def validate(
    door: Door,
    url: str,
    specs: Collection[CheckSpec],
    before: Mapping[str, int],
    docs_home: Path | None = None,
) -> dict[tuple[str, str], CheckOutcome]:
    """The outcome of each of these checks, by (table, check); every table must exist.

    `before` has the row counts that volumes are compared with, by table. Nothing is kept but,
    with `docs_home`, the pages about it.
    """
    by_table: dict[str, list[CheckSpec]] = defaultdict(list)
    for spec in specs:
        by_table[spec.table].append(spec)
    if not by_table:
        return {}
    with psycopg.connect(url, connect_timeout=10) as connection:
        columns = results.readable_columns(connection, by_table)

    gx = use_great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # Logs every failed query with its traceback, values and all.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # `schema_name` is deprecated, and for Postgres has nothing in its place.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Ephemeral: a file context would write the address, password and all, to disk.
        context = gx.get_context(mode="ephemeral")
        context.enable_analytics(False)
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_postgres(
            "warehouse", connection_string=sqlalchemy_url(url), create_temp_table=False
        )
        validations = []
        for table, checks in by_table.items():
            # Not a table asset, which reads every column: some are not for us (people's addresses).
            asset = source.add_query_asset(table, query=_readable(table, columns[table]))
            suite = context.suites.add(
                gx.ExpectationSuite(
                    name=table, expectations=[_expectation(spec, before) for spec in checks]
                )
            )
            validations.append(
                context.validation_definitions.add(
                    gx.ValidationDefinition(
                        name=table, data=asset.add_batch_definition_whole_table(table), suite=suite
                    )
                )
            )
        # COMPLETE is what hands over the sample; every query limits itself.
        checkpoint = gx.Checkpoint(
            name=door, validation_definitions=validations, result_format="COMPLETE"
        )
        result = context.checkpoints.add(checkpoint).run()
        if docs_home is not None:
            from quality import data_docs

            data_docs.build(context, door, docs_home)
        source.get_execution_engine().close()
        source.get_engine().dispose()
    # Not by position: the order of the results is not that of the suite.
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for table_result in result.run_results.values():
        for one in table_result.results:
            told: Any = one.to_json_dict()
            meta = told["expectation_config"]["meta"]
            found[meta["table"], meta["check"]] = told
    return {
        (spec.table, spec.name): _outcome(spec, found.get((spec.table, spec.name)))
        for spec in specs
    }


def use_great_expectations() -> Any:
    """The package, whose import takes seconds."""
    # No analytics: no network. Set before the import reads it.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # Nothing here runs on Spark. Its import costs a third of the time, and takes a main module
    # without a file (Dagster spawns each run as such a process) for a doctest, and leaves.
    spark = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "pyspark"}
    for name in spark:
        del sys.modules[name]
    sys.modules["pyspark"] = None  # type: ignore[assignment]  # "not installed"
    # Statistics and charts, which no check of ours uses: another third.
    for name in ("scipy.stats", "altair"):
        _import_when_used(name)
    try:
        import great_expectations
    finally:
        del sys.modules["pyspark"]
        sys.modules.update(spark)
    return great_expectations


def _import_when_used(name: str) -> None:
    """Puts off an import until something of the module is asked for (importlib's LazyLoader)."""
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def _expectation(spec: CheckSpec, before: Mapping[str, int]) -> Any:
    """The check as Great Expectations knows it."""
    import great_expectations.expectations as gxe

    shared: dict[str, Any] = {
        "meta": {"table": spec.table, "check": spec.name},
        "description": f"{spec.name}: {spec.description}",
        "severity": "critical" if spec.severity == "error" else "warning",
    }
    match spec.claim:
        case Rows():
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query(spec.claim), **shared)
        case Values():
            return gxe.ExpectColumnDistinctValuesToBeInSet(
                column=spec.claim.column, value_set=list(spec.claim.allowed), **shared
            )
        case RowCount():
            return gxe.ExpectTableRowCountToBeBetween(
                min_value=floor(spec.claim, before.get(spec.table, 0)), **shared
            )
        case _:
            assert_never(spec.claim)


def _readable(table: str, columns: Sequence[str]) -> str:
    """The statement that reads the columns of "schema.table"."""
    listed = ", ".join(f'"{column}"' for column in columns)
    return f"select {listed} from {table}"


def query(claim: Rows) -> str:
    """The statement of the claim: a few of the rows that contradict it, each with the number of
    all in `broken_count`; none where they are fewer than what is tolerated."""
    sql = claim.sql.strip().replace("{", "{{").replace("}", "}}")
    tolerated = (
        f"where counted.broken_count > {claim.tolerated} * (select count(*) from this)\n"
        if claim.tolerated
        else ""
    )
    # Great Expectations names the table's subquery itself unless the statement has a join.
    return (
        "with this as not materialized {batch},\n"
        f"broken as (\n{sql}\n),\n"
        "counted as (select count(*) as broken_count from broken)\n"
        "select broken.*, counted.broken_count\n"
        "from broken cross join counted\n"
        f"{tolerated}"
        f"limit {_SAMPLE}"
    )


def _outcome(spec: CheckSpec, result: dict[str, Any] | None) -> CheckOutcome:
    if result is None:
        return _told(spec, False, note="Great Expectations gave no result for this check")
    error = _raised(result.get("exception_info") or {})
    if error:
        return _told(spec, False, note=f"the check could not be run: {error}")
    return _told(spec, bool(result["success"]), **_findings(spec, result.get("result") or {}))


def _findings(spec: CheckSpec, result: Mapping[str, Any]) -> dict[str, Any]:
    match spec.claim:
        case Rows():
            rows = (result.get("details") or {}).get("unexpected_rows") or []
            count = int(rows[0]["broken_count"]) if rows else 0
            sample = [
                {key: _short(value) for key, value in row.items() if key != "broken_count"}
                for row in rows
            ]
            return {"unexpected_count": count, **({"sample": sample} if sample else {})}
        case Values():
            unknown = [_short(value) for value in result.get("partial_unexpected_list") or []]
            return {
                "unexpected_count": int(result.get("unexpected_count") or 0),
                **({"observed_value": unknown[:_SAMPLE]} if unknown else {}),
            }
        case RowCount():
            return {"observed_value": result.get("observed_value")}
        case _:
            assert_never(spec.claim)


def _is_idle(spec: CheckSpec, empty: Collection[str]) -> bool:
    """Whether the check is known to find nothing, since the tables that it is about are empty."""
    if not isinstance(spec.claim, Rows):
        return spec.table in empty
    return spec.claim.is_about_rows and {spec.table, *spec.claim.also} <= set(empty)


def _of_empty(spec: CheckSpec, before: Mapping[str, int]) -> CheckOutcome:
    """The outcome of such a check: only rows that were there before can be missed."""
    if isinstance(spec.claim, RowCount):
        return _told(spec, floor(spec.claim, before.get(spec.table, 0)) <= 0, observed_value=0)
    return _told(spec, True, unexpected_count=0)


def _without_table(
    spec: CheckSpec, missing: Iterable[str], before: Mapping[str, int]
) -> CheckOutcome:
    """Nothing contradicts a claim about rows that are not there, but they may not have gone."""
    note = f"{', '.join(missing)} does not exist yet"
    if isinstance(spec.claim, RowCount):
        passed = floor(spec.claim, before.get(spec.table, 0)) <= 0
        return _told(spec, passed, note=note, observed_value=0)
    return _told(spec, True, note=note)


def _told(spec: CheckSpec, passed: bool, **metadata: Any) -> CheckOutcome:
    return CheckOutcome(
        spec.name,
        spec.table,
        passed,
        spec.severity,
        spec.blocking,
        spec.description,
        metadata,
    )


def _with_volume(
    outcome: CheckOutcome, volumes: Mapping[tuple[str, str], int], before: Mapping[str, int]
) -> CheckOutcome:
    outcome.metadata["row_count"] = volumes[outcome.table, ""]
    if outcome.table in before:
        outcome.metadata["row_count_before"] = before[outcome.table]
    return outcome


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _raised(info: Mapping[str, Any]) -> str | None:
    """One line about the exception that stopped a check; None where there was none."""
    # Either one exception, or one per metric that failed.
    each = [info] if "raised_exception" in info else list(info.values())
    for exception in each:
        if isinstance(exception, Mapping) and exception.get("raised_exception"):
            text = str(exception.get("exception_message") or "")
            cause = re.search(r"\(psycopg\.errors\.(\w+)\) ([^\n]*)", text)
            if cause is None:
                return "the database did not say why"
            return f"{cause[1]}: {cause[2]}" if cause[1] in _TELLING else cause[1]
    return None


def _where(url: str) -> str:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "the warehouse"
    return f"warehouse {parts.get('host', 'local')}:{parts.get('port', 5432)}/{parts.get('dbname')}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
