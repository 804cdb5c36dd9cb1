"""One default company for all tests of the room: telling it takes a second or two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from demo.company import Company, default_period
from demo.github import GitHub
from demo.server import application, running

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="session")
def company() -> Company:
    start, until = default_period(NOW, 6)
    return Company.generate(7, 12, start, until)


@pytest.fixture(scope="session")
def small() -> Company:
    start, until = default_period(NOW, 2)
    return Company.generate(3, 3, start, until)


@pytest.fixture
def app(small: Company) -> GitHub:
    return application(small, now=small.until, tokens=[TOKEN])


@pytest.fixture
def client(app: GitHub) -> Iterator[httpx.Client]:
    with (
        running(app) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as http,
    ):
        yield http
