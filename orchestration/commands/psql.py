"""`sei psql`: the warehouse as analysts get it."""

from __future__ import annotations

import os
import shutil
import sys

from orchestration.commands import UsageProblem
from orchestration.homes import shown_home


def psql(statement: str | None, only_url: bool, demo: bool) -> None:
    """Replaces this process by psql, as the role `reader`; or prints the address."""
    home = shown_home(demo=demo)
    url = home.open_warehouse().url("reader")
    if only_url:
        print(url)
        return
    program = shutil.which("psql") or bundled_psql()
    if program is None:
        raise UsageProblem(f"psql is not installed; the address is {url}")
    # The address holds the password: by environment, since arguments can be seen by everybody.
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    environ = {
        **os.environ,
        "PGHOST": str(parts["host"]),
        "PGPORT": str(parts.get("port", 5432)),
        "PGUSER": "reader",
        "PGPASSWORD": str(parts["password"]),
        "PGDATABASE": str(parts["dbname"]),
    }
    arguments = [program, *(["--command", statement] if statement else [])]
    sys.stdout.flush()
    os.execve(program, arguments, environ)


def bundled_psql() -> str | None:
    """The psql that comes with the embedded server."""
    from orchestration.postgres import binaries

    program = binaries() / "psql"
    return str(program) if program.exists() else None
