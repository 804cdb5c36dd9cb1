"""A list that shifts shows an item twice in one sync: as it was, and as it is now."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import psycopg
import pytest

from ingestion.contracts import GITLAB
from ingestion.loading.batches import Batch, to_arrow
from ingestion.loading.resources import table_resources

pytestmark = pytest.mark.integration


class Twice:
    """Reads three hundred labels in no order, then in another order as they are now."""

    def batches(self, state: Any) -> Iterator[Batch]:
        numbers = list(range(300))
        for color in ("old", "new"):
            random.Random(color).shuffle(numbers)
            rows = [
                {"id": n, "project_id": 1, "name": str(n), "color": color, "is_project_label": True}
                for n in numbers
            ]
            now = datetime(2026, 1, 1, tzinfo=UTC)
            yield {"labels": to_arrow(GITLAB["labels"], rows, "gitlab", now)}


def test_of_a_row_that_one_sync_reads_twice_the_later_stays(warehouse: Any, tmp_path: Path) -> None:
    url = warehouse.url("loader")
    pipeline = dlt.pipeline(
        "twice",
        pipelines_dir=str(tmp_path),
        destination=dlt.destinations.postgres(url),
        dataset_name="raw_gitlab",
    )
    resources = table_resources("gitlab", {"labels": GITLAB["labels"]}, Twice)  # type: ignore[arg-type]

    pipeline.run(dlt.source(lambda: resources, name="gitlab")())

    with psycopg.connect(url) as connection:
        found = connection.execute("select color, count(*) from raw_gitlab.labels group by 1")
        assert found.fetchall() == [("new", 300)]
