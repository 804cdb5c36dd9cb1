"""The embedded server in the accidents of life."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from orchestration import postgres
from orchestration.postgres import EmbeddedPostgres, WarehouseError

pytestmark = pytest.mark.integration


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home)
    server.start()
    yield server
    server.stop()


def ask(server: EmbeddedPostgres, query: str) -> list[tuple[object, ...]]:
    credentials = server.start()
    url = f"postgresql://sei:{credentials.password}@127.0.0.1:{credentials.port}/postgres"
    with psycopg.connect(url) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def server_pid(server: EmbeddedPostgres) -> int:
    return int((server.home / "warehouse" / "postmaster.pid").read_text().splitlines()[0])


def kill_hard(pid: int) -> None:
    process = psutil.Process(pid)
    children = process.children()
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([process, *children], timeout=10)


def test_credentials_are_for_the_owner_only(server: EmbeddedPostgres) -> None:
    assert stat.S_IMODE(server.credentials_file.stat().st_mode) == 0o600


def test_a_login_without_the_password_is_refused(server: EmbeddedPostgres) -> None:
    port = server.start().port
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://sei:guess@127.0.0.1:{port}/postgres")


def test_committed_rows_survive_a_killed_server(server: EmbeddedPostgres) -> None:
    ask(server, "create table t as select 1 as a")
    kill_hard(server_pid(server))
    assert (server.home / "warehouse" / "postmaster.pid").exists()
    assert ask(server, "select a from t") == [(1,)]


def test_a_stale_pid_file_that_names_a_living_stranger_is_ignored(
    server: EmbeddedPostgres,
) -> None:
    kill_hard(server_pid(server))
    file = server.home / "warehouse" / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert ask(server, "select 1") == [(1,)]


def test_a_port_taken_meanwhile_is_replaced_and_remembered(server: EmbeddedPostgres) -> None:
    old = server.start().port
    server.stop()
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", old))
        thief.listen()
        new = server.start().port
        assert new != old
        assert ask(server, "select 1") == [(1,)]
    server.stop()
    assert server.start().port == new


def test_processes_that_start_it_at_once_share_one_server(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from orchestration.warehouse import Warehouse;"
        "w = Warehouse.open(Path(sys.argv[1]), {}); print(w.url('reader'), w.dagster_url())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    try:
        answers = [process.communicate(timeout=120) for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, answers
        assert len({out for out, _ in answers}) == 1
    finally:
        EmbeddedPostgres(home).stop()


def test_a_moved_folder_keeps_its_data(home: Path) -> None:
    server = EmbeddedPostgres(home / "old")
    ask(server, "create table t as select 1 as a")
    server.stop()
    (home / "old").rename(home / "new")
    moved = EmbeddedPostgres(home / "new")
    try:
        assert ask(moved, "select a from t") == [(1,)]
    finally:
        moved.stop()


def test_a_folder_moved_while_the_server_runs_keeps_its_server(home: Path) -> None:
    ask(EmbeddedPostgres(home / "old"), "create table t as select 1 as a")
    (home / "old").rename(home / "new")
    moved = EmbeddedPostgres(home / "new")
    try:
        assert ask(moved, "select a from t") == [(1,)]
    finally:
        assert moved.stop()


def test_a_copied_folder_gets_a_server_of_its_own(server: EmbeddedPostgres, home: Path) -> None:
    ask(server, "create table t as select 1 as a")
    copy = EmbeddedPostgres(home / "copy")
    server.stop()
    shutil.copytree(home, copy.home, ignore=shutil.ignore_patterns("copy"))
    server.start()
    try:
        ask(copy, "insert into t values (2)")
        assert ask(server, "select a from t") == [(1,)]
        assert copy.start().port != server.start().port
    finally:
        copy.stop()


def test_initialization_killed_half_way_is_begun_anew(home: Path) -> None:
    (home / "warehouse.new").mkdir()
    (home / "warehouse.new" / "PG_VERSION").write_text("18")
    server = EmbeddedPostgres(home)
    try:
        assert ask(server, "select 1") == [(1,)]
    finally:
        server.stop()


def test_data_without_credentials_is_not_overwritten(server: EmbeddedPostgres) -> None:
    server.stop()
    server.credentials_file.unlink()
    with pytest.raises(WarehouseError, match="is missing; restore it"):
        server.start()


def test_damaged_credentials_are_named(server: EmbeddedPostgres) -> None:
    server.stop()
    content = server.credentials_file.read_text()
    server.credentials_file.write_text(content[:10])
    with pytest.raises(WarehouseError, match="damaged"):
        server.start()
    server.credentials_file.write_text(content)


def test_a_server_that_cannot_start_says_why_in_one_line(server: EmbeddedPostgres) -> None:
    server.stop()
    server.settings["shared_buffers"] = "many"
    with pytest.raises(WarehouseError, match="shared_buffers") as caught:
        server.start()
    assert "\n" not in str(caught.value)
    server.settings["shared_buffers"] = "16MB"


def test_stopping_twice_is_no_error(home: Path) -> None:
    server = EmbeddedPostgres(home)
    assert not server.stop()
    server.start()
    assert server.stop()
    assert not server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_in_a_folder_closed_to_others_root_gets_its_data_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = home / "var"
    elsewhere.mkdir()
    monkeypatch.setattr(postgres, "ELSEWHERE", elsewhere)
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "sei")
    try:
        assert ask(server, "select 1") == [(1,)]
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        data = json.loads(server.credentials_file.read_text())["data"]
        assert Path(data).parent == elsewhere
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_binaries_that_the_servers_account_cannot_reach_are_copied(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ELSEWHERE", home / "var")
    reach = postgres._may_run
    monkeypatch.setattr(
        postgres, "_may_run", lambda program, user: home in program.parents and reach(program, user)
    )
    server = EmbeddedPostgres(home)
    try:
        began = time.monotonic()
        assert ask(server, "select 1") == [(1,)]
        assert time.monotonic() - began < 60
        process = psutil.Process(server_pid(server))
        assert Path(process.exe()).is_relative_to(home / "var")
        assert process.uids().real != 0
    finally:
        server.stop()
