"""Fixtures of the orchestration room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.postgres import EmbeddedPostgres
from tests.fixtures.small_world import SmallWorld, computed


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty SEI_HOME that the server's account can enter (pytest's tmp_path is closed to it)."""
    folder = Path(tempfile.mkdtemp(prefix="sei-home-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def small_world(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallWorld]:
    """A company reckoned by hand, computed once."""
    with computed(postgres_server, tmp_path_factory.mktemp("small-world")) as world:
        # Commands show one's own warehouse where there are settings.
        Path(world.environ["SEI_CONFIG"]).touch()
        yield world
