"""A whole computation: what has changed is read, computed and written, the rest stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pyarrow as pa
from pyspark.sql import SparkSession

from transform.compute import DIRECTORY, Kept, entities_of, results
from transform.dora.entities import Rows
from transform.grouping import Result
from transform.incremental import KEPT, Changes, changes
from transform.kept_periods import KeptPeriods, Key, entity_prints, entity_rows, kept_periods
from transform.metric_settings import MetricSettings
from transform.schemas import COMPUTED_UNITS, INPUTS, OUTPUTS, Table
from transform.units import SERVICE
from transform.views import VIEWS
from transform.warehouse import Warehouse

# So many facts are computed in this process, as those of small warehouses are.
_FEW_FACTS = 100_000
# What dora is told from; coverage is of no entity.
_READ_AGAIN = tuple(name for name in KEPT if name != "linkage_coverage")


@dataclass(frozen=True)
class Work:
    """What a computation starts from.

    `small`: all facts fit into this process. `since`: None if nothing is asked of the last one.
    """

    warehouse: Warehouse
    as_of: datetime
    small: bool
    rows: Mapping[str, Rows]
    since: Changes | None
    told: str = ""
    prints: Mapping[Key, str] = field(default_factory=dict)
    periods: KeptPeriods | None = None

    @property
    def inputs(self) -> Sequence[Table]:
        """The tables that Spark reads."""
        facts = [table for name, table in INPUTS.items() if name not in DIRECTORY]
        return [*facts, *(OUTPUTS[name] for name in _READ_AGAIN if self.is_partial)]

    @property
    def is_partial(self) -> bool:
        """Whether rows of the last computation stay."""
        return self.since is not None and bool(self.since.kept)

    @property
    def is_short(self) -> bool:
        """Whether what is computed fits into this process: all of it, or what has changed."""
        is_few = self.since is not None and self.since.row_count <= _FEW_FACTS
        return self.small or (self.is_partial and is_few)

    @property
    def few(self) -> frozenset[str]:
        """The tables of which little is read."""
        return frozenset(self.since.read_rows() if self.since and self.is_short else ())

    @property
    def only(self) -> dict[str, str]:
        """Per table the condition in SQL that the rows to be read meet."""
        if self.since is None or not self.is_partial:
            return {}
        kept = self.since.kept_rows()
        return {**self.since.read_rows(), **{name: kept[name] for name in _READ_AGAIN}}

    @property
    def kept_rows(self) -> dict[str, str]:
        """Per table of which rows stay the condition in SQL that they meet."""
        if self.since is None or not self.is_partial:
            return {}
        dora = {} if self.periods is None else {"dora": self.periods.condition()}
        return {**self.since.kept_rows(), **dora}


def prepared(
    warehouse: Warehouse, as_of: datetime, *, small: bool, remember: bool, full: bool
) -> Work:
    """The work to be done, with all that is small already read.

    `small`: everything fits into this process. `remember`: the next computation is told what was
    computed, and this one asks what the last did, unless `full`.
    """
    rows = warehouse.rows([INPUTS[name] for name in DIRECTORY])
    work = Work(warehouse, as_of, small, rows, None)
    if remember:
        with warehouse.connect() as connection:
            since = changes(connection, as_of)
        since = replace(since, kept=frozenset(), written_at=None) if full else since
        told = f"{len(since.kept):,} of {len(since.units):,} units keep their rows"
        work = _with_periods(replace(work, since=since, told=told))
    warehouse.fetch(work.inputs, work.only, work.few)
    return work


def _with_periods(work: Work) -> Work:
    """The work with what stays of metrics.dora."""
    assert work.since is not None
    settings = MetricSettings.of(work.rows["dim_metric_settings"])
    entities, memberships = entities_of(work.rows)
    prints = entity_prints(entities, memberships, settings, work.rows["dora_bands"])
    periods = None
    if work.is_partial and work.since.as_of is not None:
        periods = kept_periods(
            prints,
            memberships,
            work.since.stored,
            work.since.changed_nodes,
            work.since.as_of,
            work.as_of,
            settings,
        )
    return replace(work, prints=prints, periods=periods)


def recompute(
    spark: SparkSession, work: Work, say: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Compute and write; the number of rows written per table."""
    computed_at = datetime.now(UTC)
    frames = work.warehouse.read(spark, work.inputs, work.only, work.few)
    kept = None
    if work.since is not None and work.is_partial:
        kept = Kept(
            {name: frames[name] for name in _READ_AGAIN}, work.since.ids(SERVICE, kept=True)
        )
    found = results(
        spark,
        frames,
        work.rows,
        work.as_of,
        computed_at,
        small=work.is_short,
        kept=kept,
        whole_here=work.small,
        periods=work.periods,
    )
    units = work.since.rows(computed_at) if work.since is not None else []
    units += entity_rows(work.prints, computed_at)
    told: dict[str, Result] = {
        **found,
        COMPUTED_UNITS.name: pa.Table.from_pylist(units, COMPUTED_UNITS.arrow_schema()),
    }
    return work.warehouse.replace(
        told,
        {**OUTPUTS, COMPUTED_UNITS.name: COMPUTED_UNITS},
        say,
        small=work.is_short,
        views=VIEWS,
        kept=work.kept_rows,
        kept_since=work.since.written_at if work.since is not None else None,
    )
