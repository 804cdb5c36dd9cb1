"""The rows of metrics.dora of one entity, from what was observed of it: pure, on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transform.dora.bands import bands_of
from transform.dora.entities import Entity
from transform.dora.periods import Period
from transform.dora.series import PERCENTS, Facts, Sums, summed_up
from transform.schemas import DEFINITION_VERSION

POOLED = "production"

_MOMENT = pa.timestamp("us", "UTC")

UNITS = {"rate": "per day", "ratio": "ratio", "median": "hours"}

# What an entity is told of each thing that was observed.
OBSERVED = pa.schema(
    [
        ("metric", pa.string()),
        ("environment", pa.string()),
        ("thing", pa.string()),
        ("happened_at", _MOMENT),
        ("local_date", pa.date32()),
        ("hours", pa.float64()),
        ("is_hit", pa.bool_()),
        ("is_open", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Metric:
    """What kind of number a metric is, and what has to be connected for it to be told.

    `kind`: rate (per day), ratio, or median (of hours). `by_environment`: its rows belong to an
    environment. `source`: deployments, incidents (both needed), restores (incidents), or none.
    `tells_gaps`, `tells_open`: it has the columns on days and gaps, on what is still open.
    """

    name: str
    kind: str
    by_environment: bool
    source: str | None
    tells_gaps: bool = False
    tells_open: bool = False


@dataclass(frozen=True)
class Terms:
    """What is the same for every entity.

    `calendar`: the periods, as calendar_of makes it; `begun`: the day that the history starts on;
    `today`: the one of the computation.
    """

    metrics: tuple[Metric, ...]
    calendar: pa.Table
    bands: tuple[Mapping[str, Any], ...]
    begun: date
    today: date
    minimum_sample: int
    bands_year: int
    computed_at: datetime


def calendar_of(periods: Sequence[Period]) -> pa.Table:
    """The periods as a table: grain, period_start, period_end, days, is_partial, is_latest."""
    latest = {period.grain: period for period in periods}
    return pa.table(
        {
            "grain": pa.array([p.grain for p in periods], pa.string()),
            "period_start": pa.array([p.start for p in periods], pa.date32()),
            "period_end": pa.array([p.end for p in periods], pa.date32()),
            "days": pa.array([p.days for p in periods], pa.int32()),
            "is_partial": pa.array([p.is_partial for p in periods], pa.bool_()),
            "is_latest": pa.array([latest[p.grain] is p for p in periods], pa.bool_()),
        }
    )


def summarize(
    entity: Entity, observed: pa.Table, terms: Terms, since: date | None = None
) -> pa.Table:
    """All rows of the entity, with the columns of DORA, from its rows of OBSERVED.

    One for each metric in each period from that of its first fact on, not before the history's
    start; the latest periods only if there is none. Environments have rows of their own where
    there are several. `since`: of periods that end on that day or later only.
    """
    metrics = terms.metrics
    names = pc.drop_null(observed.column("environment").unique()).sort().to_pylist()
    scopes = [POOLED, *(f"{POOLED}:{name}" for name in names if len(names) > 1)]
    series = [
        (scope, number)
        for scope in range(len(scopes))
        for number, metric in enumerate(metrics)
        if scope == 0 or metric.by_environment
    ]
    code = np.full((len(scopes), len(metrics)), -1)
    code[tuple(np.array(series).T)] = range(len(series))
    its = [metrics[number] for _, number in series]
    chosen = _expected(observed, terms)
    if since is not None:
        ends = pc.greater_equal(chosen.column("period_end"), pa.scalar(since, pa.date32()))
        chosen = chosen.filter(ends)
    sums = summed_up(
        _facts(observed, names, code, metrics),
        len(series),
        _days(chosen.column("period_start")),
        _days(chosen.column("period_end")),
        [place for place, metric in enumerate(its) if metric.tells_gaps],
    )
    told = _judged(entity, its, sums, chosen, terms)
    width = chosen.num_rows
    rows = len(series) * width

    def by_series(values: Sequence[Any]) -> pa.Array:
        places = pa.array(np.repeat(np.arange(len(series)), width))
        return pa.array(values, pa.string()).take(places)

    def by_period(name: str) -> pa.ChunkedArray:
        return chosen.column(name).take(pa.array(np.tile(np.arange(width), len(series))))

    return pa.table(
        {
            "entity_type": pa.repeat(entity.entity_type, rows),
            "entity_id": pa.repeat(entity.entity_id, rows),
            "environment": by_series([scopes[scope] for scope, _ in series]),
            "grain": by_period("grain"),
            "period_start": by_period("period_start"),
            "period_end": by_period("period_end"),
            "is_partial": by_period("is_partial"),
            "metric": by_series([metric.name for metric in its]),
            "unit": by_series([UNITS[metric.kind] for metric in its]),
            **told,
            "definition_version": pa.repeat(pa.scalar(DEFINITION_VERSION, pa.int64()), rows),
            "computed_at": pa.repeat(pa.scalar(terms.computed_at, _MOMENT), rows),
        }
    )


def _expected(observed: pa.Table, terms: Terms) -> pa.Table:
    """The periods, of terms.calendar, that the entity has rows in."""
    first = pc.min(observed.column("local_date")).as_py() or terms.today
    first = pa.scalar(max(first, terms.begun), pa.date32())
    is_reached = pc.greater(terms.calendar.column("period_end"), first)
    return terms.calendar.filter(pc.or_(is_reached, terms.calendar.column("is_latest")))


def _days(dates: pa.ChunkedArray) -> np.ndarray:
    return dates.cast(pa.int32()).to_numpy().astype("int64")


def _facts(
    observed: pa.Table, environments: Sequence[str], code: np.ndarray, metrics: Sequence[Metric]
) -> Facts:
    """The observed in the series of all environments, and once more in that of its own."""
    observed = observed.combine_chunks()
    metric = pc.index_in(observed.column("metric"), pa.array([m.name for m in metrics])).to_numpy()
    environment = pc.index_in(observed.column("environment"), pa.array(environments, pa.string()))
    # Things of no environment come last among those of the same time.
    environment = pc.fill_null(environment, len(environments)).to_numpy()
    facts = Facts(
        series=code[0][metric],
        thing=_ranks(observed.column("thing")),
        environment=environment.astype("int64"),
        moment=observed.column("happened_at").cast(pa.int64()).to_numpy(),
        day=_days(observed.column("local_date")),
        hours=pc.fill_null(observed.column("hours"), np.nan).to_numpy(),
        is_hit=_flags(observed.column("is_hit")),
        is_open=_flags(observed.column("is_open")),
    )
    if len(code) == 1:
        return facts
    named = np.flatnonzero(environment < len(environments))
    apart = facts.take(named)
    own = code[1 + apart.environment, metric[named]]
    apart = Facts(**{**vars(apart), "series": own}).take(own >= 0)
    columns = {n: np.concatenate([c, vars(apart)[n]]) for n, c in vars(facts).items()}
    return Facts(**columns)


def _ranks(names: pa.ChunkedArray) -> np.ndarray:
    """Numbers in the order of the names."""
    if len(names) == 0:
        return np.zeros(0, "int64")
    coded = names.combine_chunks().dictionary_encode()
    rank = np.empty(len(coded.dictionary), "int64")
    rank[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(len(rank))
    return rank[coded.indices.to_numpy()]


def _flags(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(column, False).to_numpy().astype(bool)


def _judged(
    entity: Entity, its: Sequence[Metric], sums: Sums, chosen: pa.Table, terms: Terms
) -> dict[str, pa.Array]:
    """The columns of the values, a row per series and period."""

    def of(values: list[Any]) -> np.ndarray:
        return np.array(values)[:, None]

    rate = of([metric.kind == "rate" for metric in its])
    median = of([metric.kind == "median" for metric in its])
    sample = np.where(median, sums.span_count, sums.row_count)
    hits = np.where(rate, sums.row_count, np.where(median, sums.span_count, sums.hit_count))
    numerator = hits.astype("float64")
    days = chosen.column("days").to_numpy().astype("float64")
    denominator = np.where(rate, days, sums.row_count)
    # Rows speak for themselves, whatever is said of the source.
    told = of([_has_source(entity, metric) for metric in its]) | (sums.row_count > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where((sample > 0) & (denominator > 0), numerator / denominator, np.nan)
    value = np.where(median, sums.percentiles[50], share)
    is_ok = told & (sample > 0) & (sample >= terms.minimum_sample)
    status = np.select([~told, sample == 0, ~is_ok], [0, 1, 2], 3)
    band = np.array(
        [
            bands_of(np.where(ok, values, np.nan), metric.name, terms.bands, terms.bands_year)
            for metric, values, ok in zip(its, value, is_ok, strict=True)
        ]
    )
    banded = band.ravel() != None  # noqa: E711
    opened = told & of([metric.tells_open for metric in its])
    with_days = told & of([metric.tells_gaps for metric in its])

    def numbers(values: np.ndarray) -> pa.Array:
        return pa.array(values.ravel(), pa.float64(), from_pandas=True)

    def whole(values: np.ndarray, known: np.ndarray) -> pa.Array:
        return pa.array(values.ravel(), pa.int64(), mask=~known.ravel())

    return {
        "value": numbers(value),
        "mean": numbers(sums.mean),
        **{f"p{percent}": numbers(sums.percentiles[percent]) for percent in PERCENTS[1:]},
        "numerator": numbers(np.where(told, numerator, np.nan)),
        "denominator": numbers(np.where(told, denominator, np.nan)),
        "sample_size": pa.array(sample.ravel(), pa.int64()),
        "open_count": whole(sums.open_count, opened),
        "deployment_days": whole(sums.day_count, with_days),
        "typical_gap_hours": numbers(sums.gap),
        "status": pa.array(_STATUS).take(pa.array(status.ravel())),
        "band": pa.array(band.ravel(), pa.string()),
        "band_year": pa.array(np.full(len(banded), terms.bands_year), pa.int64(), mask=~banded),
    }


_STATUS = ("no_source", "no_data", "insufficient_data", "ok")


def _has_source(entity: Entity, metric: Metric) -> bool:
    """Whether anything is connected that could tell."""
    known = {
        None: True,
        "deployments": entity.has_deployment_source,
        "incidents": entity.has_incident_source,
        "both": entity.has_both,
    }
    return known[metric.source]
