"""`check`: what is wrong is said in one line, before any load."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from ingestion.github.check import CheckReport, check
from ingestion.github.client import GithubClient

pytestmark = pytest.mark.integration

Check = Callable[..., CheckReport]


@pytest.fixture
def try_out(make_settings: Any, clock: Any) -> Check:
    def make_client(*arguments: Any, **more: Any) -> GithubClient:
        return GithubClient(*arguments, clock=clock, **more)

    def go(environ: dict[str, str] | None = None, **connection: Any) -> CheckReport:
        environ = {"TOKEN": "secret-one"} if environ is None else environ
        return check(
            make_settings(**connection).github[0], environ=environ, make_client=make_client
        )

    return go


def test_a_good_token_shows_login_scopes_limits_and_repositories(
    github: Any, try_out: Check
) -> None:
    github.owner()
    github.repository("one")
    github.repository("two")

    report = try_out()

    assert report.is_ok
    (token,) = report.tokens
    assert (token.login, token.scopes) == ("me", ["repo", "read:org"])
    assert token.remaining == {"core": "4999 of 5000", "graphql": "4999 of 5000"}
    assert [(o.login, o.type, o.repositories) for o in token.owners] == [
        ("acme", "Organization", 2)
    ]


def test_a_wrong_token_is_named_by_its_place_and_never_by_its_value(
    github: Any, try_out: Check
) -> None:
    github.owner()

    report = try_out({"TOKEN": "secret-one,bad-secret"})

    assert not report.is_ok
    (line,) = report.errors()
    assert "token 2 of 2" in line
    assert "401" in line
    assert "bad-secret" not in repr(report)
    assert report.tokens[0].error is None


def test_a_token_that_is_not_set_is_named(github: Any, try_out: Check) -> None:
    (line,) = try_out({}).errors()

    assert "TOKEN is not set" in line


def test_a_token_with_a_line_break_is_refused_without_repeating_it(
    github: Any, try_out: Check
) -> None:
    (line,) = try_out({"TOKEN": "secret one"}).errors()

    assert "spaces" in line
    assert "secret one" not in line


def test_an_organization_that_does_not_exist_is_named(github: Any, try_out: Check) -> None:
    github.owner()

    report = try_out(owners=["acme", "acme-typo"])

    (line,) = report.errors()
    assert '"acme-typo"' in line


def test_an_unreachable_host_is_named(try_out: Check) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        (line,) = try_out(api_url=url).errors()

    assert url in line
    assert "can't be reached" in line


def test_a_server_that_is_no_github_is_named(github: Any, answers: Any, try_out: Check) -> None:
    github.fail("rate_limit", answers.html(), answers.html())

    (line,) = try_out().errors()

    assert "api" in line.lower()
    assert "rate_limit" in line


def test_a_missing_scope_is_a_warning(github: Any, answers: Any, try_out: Check) -> None:
    github.owner()
    github.fail("/user", answers.data({"login": "me"}, **{"x-oauth-scopes": "repo"}))

    report = try_out()

    assert report.is_ok
    assert "read:org" in report.warnings()[0]


def test_a_server_without_limits_is_fine(github: Any, answers: Any, try_out: Check) -> None:
    github.owner()
    github.fail("rate_limit", answers.status(404, "Rate limiting is not enabled."))

    report = try_out()

    assert report.is_ok
    assert report.tokens[0].remaining == {}
