"""The warehouse: where it is, its roles, schemas and grants, and each room's own address for it.

`SEI_WAREHOUSE_URL` names any PostgreSQL server; unset, an embedded one is started on first use.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from orchestration import raw_grants
from orchestration.postgres import (
    DATABASE,
    HOST,
    OWNER,
    Credentials,
    EmbeddedPostgres,
    WarehouseError,
    locked,
)

__all__ = ["ROLES", "Warehouse", "WarehouseError", "home_folder"]

# One a room, and `reader` for analysts and BI tools; `dagster` owns Dagster's own database.
ROLES = ("loader", "modeller", "metrician", "inspector", "reader")
DAGSTER_ROLE = "dagster"
OLDEST_VERSION = 140000
_SQL = Path(__file__).with_name("warehouse.sql")
# Any constant: processes that prepare the same server at once take turns.
_LOCK = 7_364_202


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """SEI_HOME, ./.sei by default: embedded database, Dagster's home, logs."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("SEI_HOME") or ".sei").expanduser().absolute()


class Warehouse:
    """An opened warehouse; `url(role)` is what a room is given."""

    def __init__(
        self,
        owner_url: str,
        passwords: Mapping[str, str],
        server: EmbeddedPostgres | None = None,
        dagster_database: str = "dagster",
    ) -> None:
        self._owner_url = owner_url
        self._passwords = passwords
        self._server = server
        self._dagster_database = dagster_database

    @classmethod
    def open(
        cls,
        home: Path | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        server_settings: Mapping[str, str] | None = None,
        dagster_database: str | None = None,
    ) -> Warehouse:
        """The warehouse, running and prepared; cheap when it already is. Raises WarehouseError."""
        environ = os.environ if environ is None else environ
        home = home_folder(environ) if home is None else home
        dagster_database = dagster_database or environ.get("SEI_DAGSTER_DATABASE") or "dagster"
        given = environ.get("SEI_WAREHOUSE_URL", "").strip()
        server = EmbeddedPostgres(home, server_settings)
        if given:
            owner_url = _plain_url(given)
            passwords = _derived(owner_url) or _kept(server)
            warehouse = cls(owner_url, passwords, None, dagster_database)
        else:
            credentials = server.start()
            owner_url = _url(OWNER, credentials.password, HOST, credentials.port, DATABASE)
            warehouse = cls(owner_url, _kept(server), server, dagster_database)
        warehouse.prepare()
        return warehouse

    @property
    def is_embedded(self) -> bool:
        """Whether the server is ours to start and stop."""
        return self._server is not None

    def url(self, role: str | None = None) -> str:
        """`postgresql://user:password@host:port/database` of a role, or of the owner."""
        if role is None:
            return self._owner_url
        return _with(self._owner_url, user=role, password=self._passwords[role])

    def dagster_url(self) -> str:
        """The address of Dagster's own database, created when absent."""
        self._prepare_dagster()
        return _with(
            self._owner_url,
            user=DAGSTER_ROLE,
            password=self._passwords[DAGSTER_ROLE],
            database=self._dagster_database,
        )

    def describe(self) -> str:
        """Where the warehouse is, without any password."""
        return describe_url(self._owner_url)

    def stop(self) -> bool:
        """Whether an embedded server was stopped; a server of the user's own is left alone."""
        return self._server.stop() if self._server else False

    def clear(self) -> None:
        """Drops all tables of the warehouse; for the demo, when it becomes another company."""
        with self._connected() as connection, connection.transaction():
            for schema in re.findall(r"create schema if not exists (\w+)", _SQL.read_text()):
                statement = sql.SQL("drop schema if exists {} cascade")
                connection.execute(statement.format(sql.Identifier(schema)))
        self.prepare(force=True)

    def prepare(self, *, force: bool = False) -> None:
        """Roles, schemas and grants as in warehouse.sql; nothing happens when they are there."""
        statements = _SQL.read_text()
        mark = self._fingerprint(statements)
        if self._server:
            self._create_database(DATABASE)
        with self._connected() as connection:
            version = connection.info.server_version
            if version < OLDEST_VERSION:
                raise WarehouseError(
                    f"{self.describe()}: PostgreSQL {version // 10000} is too old, "
                    f"{OLDEST_VERSION // 10000} or newer is needed"
                )
            if not force and _mark(connection) == mark:
                return
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
                self._create_roles(connection)
                connection.execute(statements.encode())
                raw_grants.show(connection)
                connection.execute(
                    sql.SQL("comment on schema metrics is {}").format(
                        sql.Literal(f"Spark: the DORA metrics and what they rest on. [{mark}]")
                    )
                )

    def show_raw(self) -> None:
        """Lets the inspector read the raw tables that a load has made, but no addresses."""
        with self._connected() as connection, connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            raw_grants.show(connection)

    # -- steps ----------------------------------------------------------------------------------

    @contextmanager
    def _connected(self, database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A connection as the owner, in autocommit; database errors become one line."""
        url = _with(self._owner_url, database=database) if database else self._owner_url
        with (
            one_line_errors(url),
            psycopg.connect(url, connect_timeout=10, autocommit=True) as connection,
        ):
            yield connection

    def _fingerprint(self, statements: str) -> str:
        """Changes with the statements and with any password."""
        parts = [statements, *(f"{role}:{self._passwords[role]}" for role in ROLES)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _create_roles(self, connection: psycopg.Connection[Any]) -> None:
        for role in ROLES:
            self._create_role(connection, role)
            connection.execute(
                sql.SQL("grant connect on database {} to {}").format(
                    sql.Identifier(connection.info.dbname), sql.Identifier(role)
                )
            )

    def _create_role(self, connection: psycopg.Connection[Any], role: str) -> None:
        """Makes sure that the role can log in with its password and that we may act for it."""
        password = self._passwords[role]
        row = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
        # Hashed here, so that no password ever stands in the server's log.
        hashed = connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        arguments = (sql.Identifier(role), sql.Literal(hashed))
        if row is None:
            connection.execute(sql.SQL("create role {} login password {}").format(*arguments))
        elif not self._can_log_in(role):
            connection.execute(sql.SQL("alter role {} login password {}").format(*arguments))
        # Without a superuser, only who may become a role can create schemas in its name; PostgreSQL
        # 16 gives the creator of a role the right to grant that, but not that itself.
        may_become = "set" if connection.info.server_version >= 160000 else "member"
        query = "select pg_has_role(current_user, %s, %s)"
        member = connection.execute(query, [role, may_become]).fetchone()
        if not member or not member[0]:
            connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role)))

    def _can_log_in(self, role: str) -> bool:
        url = _with(self._owner_url, user=role, password=self._passwords[role])
        try:
            psycopg.connect(url, connect_timeout=10).close()
        except psycopg.OperationalError as error:
            # The password was right when only the connection to this database is refused.
            return "permission denied for database" in str(error)
        return True

    def _create_database(self, name: str, owner: str | None = None) -> bool:
        """Whether the database had to be created."""
        with self._connected("postgres" if self._server else None) as connection:
            query = "select 1 from pg_database where datname = %s"
            if connection.execute(query, [name]).fetchone():
                return False
            statement = sql.SQL("create database {}").format(sql.Identifier(name))
            if owner:
                statement += sql.SQL(" owner {}").format(sql.Identifier(owner))
            try:
                connection.execute(statement)
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return False  # by another process, at the same time
            return True

    def _prepare_dagster(self) -> None:
        name = self._dagster_database
        with self._connected() as connection:
            query = "select pg_get_userbyid(datdba) from pg_database where datname = %s"
            owner = connection.execute(query, [name]).fetchone()
            if owner is None or not self._can_log_in(DAGSTER_ROLE):
                with connection.transaction():
                    connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
                    self._create_role(connection, DAGSTER_ROLE)
        if owner is not None and owner[0] != DAGSTER_ROLE:
            raise WarehouseError(
                f"{self.describe()}: the database {name} belongs to {owner[0]}, not to the role "
                f"{DAGSTER_ROLE}; it is another Dagster's: use a server of our own"
            )
        if owner is None and self._create_database(name, DAGSTER_ROLE):
            with self._connected() as connection:
                database = sql.Identifier(name)
                connection.execute(
                    sql.SQL("revoke all on database {} from public").format(database)
                )
                if self._server:
                    # Thousands of tiny event rows a run; a crash of the machine may cost the last
                    # half second of them, never consistency.
                    connection.execute(
                        sql.SQL("alter database {} set synchronous_commit = off").format(database)
                    )


@contextmanager
def one_line_errors(url: str) -> Iterator[None]:
    """Turns what psycopg raises into a WarehouseError: what, where, what to do."""
    where = describe_url(url)
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        reason = str(error.diag.message_primary or error)
        raise WarehouseError(
            f"{where}: {reason}; the user needs CREATEROLE, CREATE on the database, and "
            f"CREATEDB for Dagster's own database"
        ) from error
    except psycopg.errors.DiskFull as error:
        raise WarehouseError(f"{where}: the server's disk is full; make room") from error
    except psycopg.OperationalError as error:
        raise WarehouseError(f"{where}: {_explained(str(error))}") from error
    except psycopg.Error as error:
        reason = str(error.diag.message_primary or error).splitlines()[0]
        raise WarehouseError(f"{where}: {reason}") from error


def describe_url(url: str) -> str:
    """`host:port/database as user`, for messages."""
    parts = urlsplit(url)
    return (
        f"warehouse {parts.hostname or 'local socket'}:{parts.port or 5432}"
        f"{parts.path} as {unquote(parts.username or '(default user)')}"
    )


def _explained(message: str) -> str:
    """A connection error in one line, with what to do."""
    if "password authentication failed" in message:
        return "wrong user or password; look at SEI_WAREHOUSE_URL"
    if "no password supplied" in message:
        return "a password is needed; put it into SEI_WAREHOUSE_URL"
    if "refused" in message:
        return "connection refused; is the server running there (SEI_WAREHOUSE_URL)?"
    if "does not exist" in message and "database" in message:
        return "the database does not exist; create it, or mend SEI_WAREHOUSE_URL"
    if "resolve" in message or "Name or service not known" in message:
        return "the host's name is unknown; look at SEI_WAREHOUSE_URL"
    if "timeout" in message or "timed out" in message:
        return "no answer within 10 s; is the host reachable?"
    if "No space left" in message or "disk full" in message:
        return "the server's disk is full; make room"
    if "too many" in message:
        return "the server has no connection left; raise its max_connections"
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1].removeprefix("FATAL:").strip() if lines else "connection failed"


def _mark(connection: psycopg.Connection[Any]) -> str | None:
    """The fingerprint left by the last preparation."""
    row = connection.execute(
        "select substring(obj_description(oid, 'pg_namespace') from '\\[(\\w+)\\]$') "
        "from pg_namespace where nspname = 'metrics'"
    ).fetchone()
    return row[0] if row else None


def _derived(owner_url: str) -> dict[str, str] | None:
    """Role passwords that every machine with the same URL arrives at; None without a password."""
    password = urlsplit(owner_url).password
    if not password:
        return None
    key = unquote(password).encode()
    return {
        role: hmac.new(key, f"sei:{role}".encode(), hashlib.sha256).hexdigest()
        for role in (*ROLES, DAGSTER_ROLE)
    }


def _kept(server: EmbeddedPostgres) -> dict[str, str]:
    """Random role passwords, kept in SEI_HOME."""
    credentials = server.read_credentials()
    wanted = (*ROLES, DAGSTER_ROLE)
    if credentials is None or any(role not in credentials.roles for role in wanted):
        server.home.mkdir(parents=True, exist_ok=True)
        with locked(server.home / "warehouse.lock"):
            credentials = server.read_credentials() or Credentials(port=0, password="")
            for role in wanted:
                credentials.roles.setdefault(role, secrets.token_urlsafe(24))
            server.write_credentials(credentials)
    return credentials.roles


def _plain_url(url: str) -> str:
    """The URL with scheme `postgresql`, whatever driver it named; refuses what is no such URL."""
    parts = urlsplit(url)
    if parts.scheme.split("+")[0] not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise WarehouseError(
            "SEI_WAREHOUSE_URL: not of the form postgresql://user:password@host:port/database"
        )
    return urlunsplit(parts._replace(scheme="postgresql"))


def _url(user: str, password: str, host: str, port: int, database: str) -> str:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"postgresql://{login}@{host}:{port}/{quote(database, safe='')}"


def _with(
    url: str,
    user: str | None = None,
    password: str | None = None,
    database: str | None = None,
) -> str:
    """The URL with another login or database; host, port and options stay."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    login = parts.netloc.rpartition("@")[0]
    query = parts.query
    if user is not None:
        login = f"{quote(user, safe='')}:{quote(password or '', safe='')}"
        # libpq lets options of the query override the login.
        kept = [(k, v) for k, v in parse_qsl(query) if k not in ("user", "password")]
        query = urlencode(kept)
    path = f"/{quote(database, safe='')}" if database is not None else parts.path
    netloc = f"{login}@{place}" if login else place
    return urlunsplit((parts.scheme, netloc, path, query, ""))
