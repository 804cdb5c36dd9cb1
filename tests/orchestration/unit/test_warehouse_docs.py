"""docs/warehouse.md follows the definitions."""

from __future__ import annotations

from pathlib import Path

from orchestration.warehouse_docs import page

ROOT = Path(__file__).parents[3]


def test_the_committed_page_is_the_generated_one():
    committed = (ROOT / "docs" / "warehouse.md").read_text(encoding="utf-8")
    assert committed == page(), "run: python -m orchestration.warehouse_docs > docs/warehouse.md"


def test_every_column_of_the_public_face_is_described():
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) > 300
    assert not [row for row in rows if row.endswith("| |")]
