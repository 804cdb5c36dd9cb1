"""Serves a GitHub on 127.0.0.1: in this process until it is stopped, or in a thread for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import uvicorn

from demo.catalog import Catalog
from demo.company import Company
from demo.github import GitHub
from demo.limits import Limits
from demo.served import CompanyCatalog

DEFAULT_TOKEN = "demo-token"
HOST = "127.0.0.1"


def application(
    source: Company | Callable[[datetime], Catalog],
    *,
    now: datetime,
    tokens: Iterable[str] = (DEFAULT_TOKEN,),
    rate_limit: int = 15_000,
    graphql_rate_limit: int | None = None,
) -> GitHub:
    """The ASGI application that shows a company, or any catalog, as of a moment."""
    make: Callable[[datetime], Catalog]
    if isinstance(source, Company):
        company = source

        def make(moment: datetime) -> Catalog:
            if moment > company.until:
                raise ValueError(f"the story is told until {company.until.isoformat()} only")
            return CompanyCatalog(company, moment)

    else:
        make = source
    limits = Limits(set(tokens), rate_limit, graphql_rate_limit or rate_limit)
    return GitHub(make, now, limits)


def serve(app: GitHub, port: int, on_ready: Callable[[int], None] | None = None) -> None:
    """Serve until interrupted; `on_ready` gets the port (useful with port 0) once it listens."""
    server = _server(app, port)
    if on_ready is not None:
        threading.Thread(target=_announce, args=(server, on_ready), daemon=True).start()
    server.run()


@contextmanager
def running(app: GitHub, port: int = 0) -> Iterator[str]:
    """The application served in a thread; gives its address, and stops it at the end."""
    server = _server(app, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{_port(server, thread)}"
    finally:
        server.should_exit = True
        thread.join(timeout=5)


def _server(app: GitHub, port: int) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app, host=HOST, port=port, log_level="warning", access_log=False, lifespan="off",
            server_header=False, timeout_graceful_shutdown=1,
        )
    )  # fmt: skip


def _port(server: uvicorn.Server, thread: threading.Thread | None = None) -> int:
    deadline = time.monotonic() + 15
    while not server.started:
        if time.monotonic() > deadline or (thread is not None and not thread.is_alive()):
            raise RuntimeError("The demo server did not start; is the port taken?")
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


def _announce(server: uvicorn.Server, on_ready: Callable[[int], None]) -> None:
    on_ready(_port(server))
