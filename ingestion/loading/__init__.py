"""What all sources share: rows to Arrow, threads and rounds, dlt pipelines, the result of a load.

A source brings its own reader (`ConnectionReader`), a dlt source made of `table_resources`, and
a `Loader` of the three.
"""

from ingestion.loading.batches import arrow_schema, clean, join, to_arrow
from ingestion.loading.checks import CheckReport, OwnerReport, TokenReport
from ingestion.loading.collector import Collector, People
from ingestion.loading.connection import Loader
from ingestion.loading.drift import unexpected_shape
from ingestion.loading.history import Span
from ingestion.loading.reader import LONGEST_ROUND, ConnectionReader
from ingestion.loading.resources import WRITE_DISPOSITION, table_resources
from ingestion.loading.results import Failure, LoadError, LoadResult, Progress, Report
from ingestion.loading.run import run
from ingestion.loading.times import timestamp
from ingestion.loading.units import Handed, Outcome, Unit

__all__ = [
    "LONGEST_ROUND",
    "WRITE_DISPOSITION",
    "CheckReport",
    "Collector",
    "ConnectionReader",
    "Failure",
    "Handed",
    "LoadError",
    "LoadResult",
    "Loader",
    "Outcome",
    "OwnerReport",
    "People",
    "Progress",
    "Report",
    "Span",
    "TokenReport",
    "Unit",
    "arrow_schema",
    "clean",
    "join",
    "run",
    "table_resources",
    "timestamp",
    "to_arrow",
    "unexpected_shape",
]
