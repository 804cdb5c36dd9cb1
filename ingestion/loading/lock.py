"""One load at a time into the tables of a source.

The connections of a source share its tables, dlt's staging tables among them: two loads at once
would empty them under each other's hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from ingestion.loading.results import LoadError

# The session of a load that was killed lives on for the statement it was in.
LONGEST_WAIT = 60


@contextmanager
def only_load(url: str, schema: str, name: str) -> Iterator[None]:
    """Holds the source's lock, of which the server lets go when the session ends, however it ends.

    Waits up to LONGEST_WAIT seconds. Raises LoadError when another load goes on for longer, and
    psycopg.Error when the warehouse does not answer.
    """
    with psycopg.connect(url, autocommit=True, application_name=f"load of {name}") as session:
        session.execute(f"set lock_timeout = '{LONGEST_WAIT}s'".encode())
        if not _is_held(session, schema):
            raise LoadError(
                f"{name}: another load into {schema} is under way; wait for it or end it, "
                "then repeat"
            )
        yield


def _is_held(session: psycopg.Connection[Any], schema: str) -> bool:
    try:
        session.execute("select pg_advisory_lock(hashtext('load'), hashtext(%s))", [schema])
    except psycopg.errors.LockNotAvailable:
        return False
    return True
