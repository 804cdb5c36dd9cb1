"""Which options a JVM gets so that Spark's classes are kept from one run to the next."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from transform import class_archive

OTHERS = ("-XX:+UseSerialGC",)


@pytest.fixture
def java_home(tmp_path: Path) -> Path:
    base = tmp_path / "java" / "lib" / "server" / "classes.jsa"
    base.parent.mkdir(parents=True)
    base.write_bytes(b"base")
    return tmp_path / "java"


def options(java_home: Path, home: Path | None, others: tuple[str, ...] = OTHERS) -> list[str]:
    return class_archive.options(java_home, others, {} if home is None else {"SEI_HOME": str(home)})


def written(java_home: Path, home: Path, *, seconds_ago: float, others=OTHERS) -> Path:
    """What a JVM that was told to write an archive left behind."""
    (told,) = [o for o in options(java_home, home, others) if "ArchiveClassesAtExit" in o]
    path = Path(told.partition("=")[2])
    path.write_bytes(b"classes")
    then = time.time() - seconds_ago
    os.utime(path, (then, then))
    return path


def read_from(told: list[str]) -> str | None:
    return next((o.partition("=")[2] for o in told if "SharedArchiveFile" in o), None)


def test_the_first_run_writes_and_the_next_one_reads(java_home: Path, tmp_path: Path) -> None:
    left = written(java_home, tmp_path / "home", seconds_ago=60)
    archive = read_from(options(java_home, tmp_path / "home"))
    assert archive is not None
    assert Path(archive).read_bytes() == b"classes"
    assert not left.exists()


def test_an_archive_still_being_written_is_left_alone(java_home: Path, tmp_path: Path) -> None:
    left = written(java_home, tmp_path / "home", seconds_ago=0)
    assert read_from(options(java_home, tmp_path / "home")) is None
    assert left.exists()


def test_another_set_of_options_needs_another_archive(java_home: Path, tmp_path: Path) -> None:
    written(java_home, tmp_path / "home", seconds_ago=60)
    assert read_from(options(java_home, tmp_path / "home", ("-XX:+UseG1GC",))) is None
    # What no longer serves goes, or every upgrade would leave 160 MB behind.
    assert list((tmp_path / "home" / "cache").iterdir()) == []


def test_without_a_home_or_a_base_archive_java_is_left_as_it_is(
    java_home: Path, tmp_path: Path
) -> None:
    assert options(java_home, None) == []
    (java_home / "lib" / "server" / "classes.jsa").unlink()
    assert options(java_home, tmp_path / "home") == []


def test_a_home_that_can_not_be_written_is_no_error(java_home: Path, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    assert options(java_home, tmp_path / "home") == []


def test_sessions_of_another_kind_keep_theirs(java_home: Path, tmp_path: Path) -> None:
    environ = {"SEI_HOME": str(tmp_path / "home")}
    written(java_home, tmp_path / "home", seconds_ago=60)
    class_archive.options(java_home, ("-XX:+UseG1GC",), environ, "large-spark")
    assert read_from(options(java_home, tmp_path / "home")) is not None
