"""What `sei check` finds out about a GitLab before any load."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.gitlab.check import CheckReport, check
from ingestion.gitlab.client import GitlabClient
from tests.fixtures.gitlab_site import FakeGitlab, GitlabWorld, plain, refuse

pytestmark = pytest.mark.integration


def look(world: GitlabWorld, token: str = "secret-one", **connection: Any) -> CheckReport:
    def make(*arguments: Any, **more: Any) -> GitlabClient:
        return GitlabClient(*arguments, **more, clock=world.clock)

    settings = world.settings(**connection)
    return check(settings.gitlab[0], environ={"TOKEN": token}, make_client=make)


def test_what_a_good_token_sees(gitlab: FakeGitlab, gitlab_world: GitlabWorld) -> None:
    gitlab.group(2, "acme/pay", 1)
    for n in range(3):
        gitlab.project(10 + n, f"p{n}", 2)
    gitlab.headers = {
        "RateLimit-Limit": "2000", "RateLimit-Remaining": "1999", "RateLimit-Reset": "99999999999"
    }  # fmt: skip

    report = look(gitlab_world, groups=["acme", "acme/pay"])

    (token,) = report.tokens
    assert (report.is_ok, report.warnings()) == (True, [])
    assert (token.login, token.scopes) == ("me", ["read_api"])
    assert [(o.login, o.repositories) for o in token.owners] == [("acme", 3), ("acme/pay", 3)]
    assert token.remaining["core"].startswith("199")


def test_a_token_without_the_scope_is_said(gitlab: FakeGitlab, gitlab_world: GitlabWorld) -> None:
    gitlab.scopes = ["read_user"]

    assert "no scope read_api" in look(gitlab_world).errors()[0]


def test_a_token_that_may_not_look_at_itself_is_fine(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld
) -> None:
    gitlab.scopes = None

    report = look(gitlab_world)

    assert report.is_ok
    assert report.tokens[0].scopes is None


def test_a_wrong_token_a_group_that_is_not_there_and_a_wrong_address(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld
) -> None:
    errors = [
        look(gitlab_world, token="wrong-secret").errors(),
        look(gitlab_world, groups=["nobody"]).errors(),
        look(gitlab_world, url="http://127.0.0.1:9").errors(),
    ]

    expected = ["the token was refused", 'there is no group "nobody"', "can't be reached"]
    for (line,), text in zip(errors, expected, strict=True):
        assert text in line
        assert "\n" not in line
        assert "wrong-secret" not in line


@pytest.mark.parametrize("answer", [plain(200, "<html>hello</html>"), refuse(404)])
def test_a_server_that_is_no_gitlab_is_said(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, answer: Any
) -> None:
    gitlab.fail("/", answer, times=99)

    assert "no GitLab API" in look(gitlab_world).errors()[0]


def test_one_of_two_tokens_that_is_wrong_is_named(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld
) -> None:
    report = look(gitlab_world, token="secret-one,wrong-secret")

    assert [token.error is None for token in report.tokens] == [True, False]
    assert "token 2 of 2" in report.errors()[0]
