"""Serves the company's APIs on 127.0.0.1: until stopped, or in threads of this process for tests.

`application` is GitHub alone; `Servers` is GitHub, GitLab and Jira with GitHub's clock for all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

import uvicorn

from demo.catalog import Catalog
from demo.company import Company
from demo.github import GitHub
from demo.gitlab import GitLab
from demo.gitlab import application as gitlab_application
from demo.jira import Jira
from demo.jira import application as jira_application
from demo.limits import Limits
from demo.served import CompanyCatalog

DEFAULT_TOKEN = "demo-token"
HOST = "127.0.0.1"
DEFAULT_PORTS = (8765, 8766, 8767)  # GitHub, GitLab, Jira
ASGI = GitHub | GitLab | Jira


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


@dataclass(frozen=True)
class Addresses:
    """Where the three APIs are found."""

    github: str
    gitlab: str
    jira: str


@dataclass(frozen=True)
class Servers:
    """The company's three APIs; moving GitHub's clock moves all of them."""

    github: GitHub
    gitlab: GitLab
    jira: Jira

    @classmethod
    def of(
        cls,
        company: Company,
        *,
        now: datetime,
        tokens: Iterable[str] = (DEFAULT_TOKEN,),
        rate_limit: int = 15_000,
    ) -> Servers:
        """The applications that show a company as of a moment; the first token is Jira's too."""
        known = list(tokens)
        github = application(company, now=now, tokens=known, rate_limit=rate_limit)
        gitlab = gitlab_application(company, now=now, tokens=known, rate_limit=rate_limit)
        jira = jira_application(company, now=now, token=known[0])
        github.on_clock += [gitlab.set_clock, jira.move]
        return cls(github, gitlab, jira)

    @property
    def all(self) -> tuple[ASGI, ASGI, ASGI]:
        """GitHub, GitLab, Jira."""
        return self.github, self.gitlab, self.jira


def serve(app: ASGI, port: int, on_ready: Callable[[int], None] | None = None) -> None:
    """Serve until interrupted; `on_ready` gets the port (useful with port 0) once it listens."""
    server = _server(app, port)
    if on_ready is not None:
        threading.Thread(target=_announce, args=(server, on_ready), daemon=True).start()
    server.run()


def serve_all(
    servers: Servers, ports: tuple[int, int, int], on_ready: Callable[[Addresses], None]
) -> None:
    """Serve GitHub, GitLab and Jira until interrupted; `on_ready` gets their addresses."""
    with running(servers.gitlab, ports[1]) as gitlab, running(servers.jira, ports[2]) as jira:

        def announce(port: int) -> None:
            on_ready(_told(servers, f"http://{HOST}:{port}", gitlab, jira))

        serve(servers.github, ports[0], announce)


@contextmanager
def running(app: ASGI, port: int = 0) -> Iterator[str]:
    """The application served in a thread; gives its address, and stops it at the end."""
    server = _server(app, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{_port(server, thread)}"
    finally:
        server.should_exit = True
        thread.join(timeout=5)


@contextmanager
def running_all(servers: Servers) -> Iterator[Addresses]:
    """The three applications served in threads; gives their addresses."""
    with (
        running(servers.github) as github,
        running(servers.gitlab) as gitlab,
        running(servers.jira) as jira,
    ):
        yield _told(servers, github, gitlab, jira)


def _told(servers: Servers, github: str, gitlab: str, jira: str) -> Addresses:
    found = Addresses(github, gitlab, jira)
    servers.github.addresses = asdict(found)
    return found


def _server(app: ASGI, port: int) -> uvicorn.Server:
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
