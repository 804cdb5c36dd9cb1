"""Why a run's process ended without a word, as its log tells."""

from __future__ import annotations

from pathlib import Path

from orchestration.commands.run import reason_of_end


def test_a_full_disk_is_named_whatever_broke_because_of_it(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("OSError: [Errno 28] No space left on device\nKeyError: 'state'\n")
    assert reason_of_end(log).startswith("the disk is full; make room")


def test_otherwise_the_last_line_that_says_something(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("loading\nKilled\n\n(Background on this error at: a link)\n")
    assert reason_of_end(log) == "Killed"
    log.write_text("")
    assert reason_of_end(log) == "the process ended without a word"
