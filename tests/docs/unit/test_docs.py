"""The documentation holds together: pictures are what their script draws, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    path
    for folder in ("", "docs", "bench", "tests/transform/cases", "ingestion", "demo")
    for path in (ROOT / folder).glob("**/*.md" if folder else "*.md")
    if ".venv" not in path.parts
)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s]+)\)")
_CODE = re.compile(r"```.*?```", re.DOTALL)


def test_the_pictures_of_the_metrics_are_what_the_script_draws(tmp_path: Path) -> None:
    folder = ROOT / "docs" / "images" / "metrics"
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    for script in folder.glob("*.py"):
        (drawn / script.name).write_text(script.read_text())
    subprocess.run([sys.executable, str(drawn / "draw.py")], check=True)
    kept = {path.name: path.read_text() for path in folder.glob("*.svg")}
    assert kept == {path.name: path.read_text() for path in drawn.glob("*.svg")}
    assert len(kept) > 10


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text()), re.MULTILINE):
        text = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        found.add(text.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    dead = []
    for link in _LINK.findall(_CODE.sub("", page.read_text())):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve()
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert not dead
