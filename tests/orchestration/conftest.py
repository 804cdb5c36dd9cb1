"""Fixtures of the orchestration room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty SEI_HOME that the server's account can enter (pytest's tmp_path is closed to it)."""
    folder = Path(tempfile.mkdtemp(prefix="sei-home-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
