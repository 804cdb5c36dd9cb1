"""A disk that is full, or can only be read, under dlt's folder: one line; a repeat brings all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.loading import LoadError
from tests.fixtures.spoiled_company import Contents, SpoiledCompany, contents, difference

pytestmark = pytest.mark.integration


def mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 100 kB."""
    if not mount(tmp_path, "size=100k"):
        pytest.skip("may not mount")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.mark.parametrize(
    ("broken", "said"),
    [("remount,size=100k", "the disk is full: "), ("remount,ro", "the disk can only be read: ")],
)
def test_a_load_without_room_says_so_and_its_repeat_brings_everything(
    company: SpoiledCompany,
    undisturbed: Callable[[str], Contents],
    warehouse: Any,
    make_clock: Any,
    disk: Path,
    broken: str,
    said: str,
) -> None:
    expected, url = undisturbed("gitlab"), warehouse.url("loader")
    company.pipelines = disk
    assert mount(disk, broken)

    with pytest.raises(LoadError) as caught:
        company.load(url, "gitlab", clock=make_clock())
    assert said in str(caught.value)
    assert str(disk) in str(caught.value)
    assert "nothing is lost" in str(caught.value)
    assert "\n" not in str(caught.value)

    assert mount(disk, "remount,rw,size=200m")
    assert company.load(url, "gitlab", clock=make_clock()).failures == []
    assert difference(expected, contents(url, "gitlab")) == {}
