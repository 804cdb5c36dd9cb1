"""What goes wrong outside: each gives one clear line and an exit status, or is survived."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from demo.company import Company
from demo.settings import sei_toml
from tests.fixtures.pipeline import TOKEN, Addresses, Installation, demo_server

pytestmark = pytest.mark.end_to_end

UNTIL = datetime.now(UTC).replace(microsecond=0)
START = (UNTIL - timedelta(days=30)).date()
SIZE = ["--seed", "5", "--repositories", "3", "--start", START.isoformat()]
SIZE += ["--until", UNTIL.isoformat()]


@pytest.fixture(scope="module")
def server() -> Iterator[Addresses]:
    with demo_server(*SIZE) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def good(server: Addresses) -> str:
    return sei_toml(Company.generate(5, 3, START, UNTIL), *server)


@pytest.fixture(scope="module")
def one(installation: Callable[[str], Installation]) -> Installation:
    return installation("bad")


def complaint(one: Installation, *arguments: str, status: int) -> str:
    """What the command says on its way out; it must be short and no traceback."""
    done = one.sei(*arguments)
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    assert "Traceback" not in said
    assert TOKEN not in said
    return said


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("timezone =", "timezon ="),
            r'organization\.timezon: unknown key; did you mean "timezone"',
        ),
        (("Europe/Berlin", "Europe/Berln"), r'"Europe/Berln" is not an IANA time zone'),
        (("env:SEI_DEMO_TOKEN", "env:NO_SUCH_TOKEN"), r"NO_SUCH_TOKEN is not set"),
    ],
)
def test_a_mistake_in_the_settings_is_named(one, good, command, change, expected):
    one.configure(good.replace(*change))
    assert re.search(expected, complaint(one, command, status=2))


def test_no_settings_at_all_say_what_to_do(one):
    (one.home / "sei.toml").unlink(missing_ok=True)
    assert "sei.example.toml" in complaint(one, "run", status=2)


@pytest.mark.parametrize(("command", "status"), [("check", 2), ("run", 2)])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('owners = ["acme"]', 'owners = ["nobody-here"]'), r"nobody-here"),
        (("http://127.0.0.1:", "http://127.0.0.2:"), r"127\.0\.0\.2"),
    ],
)
def test_an_owner_or_a_host_that_is_not_there_is_named(
    one, good, command, status, change, expected
):
    one.configure(good.replace(*change))
    done = one.sei(command)
    said = done.stdout + done.stderr
    assert done.returncode in (1, status), said
    assert "Traceback" not in said
    assert re.search(expected, said)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('groups = ["acme"]', 'groups = ["nobody-here"]'), r"nobody-here"),
        (('name = "jira"', 'name = "jira"\nprojects = ["NOPE"]'), r"NOPE"),
        (("demo@acme.test", "env:NO_SUCH_EMAIL"), r"NO_SUCH_EMAIL is not set"),
    ],
)
def test_check_names_what_gitlab_and_jira_do_not_have(one, good, change, expected):
    assert change[0] in good
    one.configure(good.replace(*change))
    assert re.search(expected, complaint(one, "check", status=2))


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_token_is_told_by_its_place_and_not_by_its_value(one, good, command):
    one.configure(good)
    one.environ["SEI_DEMO_TOKEN"] = "ghp_not_the_right_one"
    try:
        done = one.sei(command)
    finally:
        one.environ["SEI_DEMO_TOKEN"] = TOKEN
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2), said
    assert "ghp_not_the_right_one" not in said
    assert "Traceback" not in said
    assert re.search(r"token", said)
    assert re.search(r"401|[Bb]ad credentials|refused|not accepted|does not accept", said)


@pytest.mark.parametrize("command", ["check", "run", "report"])
def test_a_warehouse_that_refuses_is_named_without_its_password(one, good, command):
    one.configure(good)
    one.environ["SEI_WAREHOUSE_URL"] = "postgresql://somebody:hunter2secret@127.0.0.1:9/sei"
    try:
        done = one.sei(command)
    finally:
        del one.environ["SEI_WAREHOUSE_URL"]
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2), said
    assert "hunter2secret" not in said
    assert "Traceback" not in said
    assert "127.0.0.1" in said


def test_debug_shows_the_traceback(one, good):
    one.configure(good.replace("timezone =", "timezon ="))
    done = one.sei("--debug", "run")
    assert "Traceback" in done.stdout + done.stderr
