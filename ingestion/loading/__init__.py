"""What all sources share: rows to Arrow, threads and rounds, dlt pipelines, the result of a load.

A source brings its own reader (`ConnectionReader`), a dlt source made of `table_resources`, and
calls `run`.
"""

from ingestion.loading.batches import arrow_schema, clean, join, to_arrow
from ingestion.loading.checks import CheckReport, OwnerReport, TokenReport
from ingestion.loading.collector import Collector, People
from ingestion.loading.reader import ConnectionReader, Handed, Outcome, Unit
from ingestion.loading.resources import WRITE_DISPOSITION, table_resources
from ingestion.loading.results import Failure, LoadError, LoadResult, Progress, Report
from ingestion.loading.run import run
from ingestion.loading.times import timestamp

__all__ = [
    "WRITE_DISPOSITION",
    "CheckReport",
    "Collector",
    "ConnectionReader",
    "Failure",
    "Handed",
    "LoadError",
    "LoadResult",
    "Outcome",
    "OwnerReport",
    "People",
    "Progress",
    "Report",
    "TokenReport",
    "Unit",
    "arrow_schema",
    "clean",
    "join",
    "run",
    "table_resources",
    "timestamp",
    "to_arrow",
]
