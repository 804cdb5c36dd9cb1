"""Tokens that expire in the middle of a load: another goes on, an App's is renewed, the only one's
end is said in one line, and the next load with a good one makes up for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ingestion.loading import LoadError
from ingestion.settings import Settings
from tests.fixtures import faults
from tests.fixtures.misbehaving import Answer, Asked, Exchange, Fault
from tests.fixtures.spoiled_company import (
    TOKEN,
    Contents,
    SpoiledCompany,
    basic,
    contents,
    difference,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def url(warehouse: Any) -> str:
    found: str = warehouse.url("loader")
    return found


def expire(tokens: dict[str, str], name: str, after: int) -> Callable[[Asked], Fault | None]:
    """A plan: from that request on the token is refused."""

    def plan(asked: Asked) -> Fault | None:
        if asked.number == after:
            del tokens[name]
        return None

    return plan


@pytest.mark.parametrize("source", ["github", "gitlab"])
def test_one_of_two_tokens_that_expires_leaves_the_load_to_the_other(
    company: SpoiledCompany,
    undisturbed: Callable[[str], Contents],
    url: str,
    make_clock: Any,
    caplog: pytest.LogCaptureFixture,
    source: str,
) -> None:
    expected = undisturbed(source)
    proxy = company.proxies[source]
    proxy.tokens = {"one": TOKEN, "two": TOKEN}

    result = company.load(
        url, source, expire(proxy.tokens, "one", 5), clock=make_clock(), tokens="one,two"
    )

    assert result.failures == []
    assert difference(expected, contents(url, source)) == {}
    said = [r.getMessage() for r in caplog.records if "token 1 of 2 was refused (401" in r.message]
    assert len(said) == 1
    assert said[0].endswith("going on with the others")
    # Told once and not asked again, but by requests that were under way.
    refused = [r for r in proxy.requests if r.number > 5 and r.token == "one"]
    assert len(refused) <= 2 * 4


@pytest.mark.parametrize("source", ["github", "gitlab", "jira"])
def test_the_only_token_that_expires_ends_the_load_and_a_new_one_makes_up_for_it(
    company: SpoiledCompany,
    undisturbed: Callable[[str], Contents],
    url: str,
    make_clock: Any,
    source: str,
) -> None:
    expected = undisturbed(source)
    proxy = company.proxies[source]
    names = {name: name if source != "jira" else basic(name) for name in ("old", "new")}
    behind = TOKEN if source != "jira" else basic(TOKEN)
    proxy.tokens = {name: behind for name in names.values()}

    with pytest.raises(LoadError, match="the token was refused") as caught:
        company.load(
            url, source, expire(proxy.tokens, names["old"], 5), clock=make_clock(), tokens="old"
        )
    assert "\n" not in str(caught.value)
    assert "401" in str(caught.value)

    assert company.load(url, source, clock=make_clock(), tokens="new").failures == []
    assert difference(expected, contents(url, source)) == {}


def test_the_token_of_an_app_is_renewed(
    company: SpoiledCompany, undisturbed: Callable[[str], Contents], url: str, make_clock: Any
) -> None:
    expected = undisturbed("github")
    proxy = company.proxies["github"]
    proxy.tokens = {}
    bought: list[str] = []

    def sell(exchange: Exchange) -> Answer:
        bought.append(f"bought-{len(bought)}")
        proxy.tokens = {bought[-1]: TOKEN}
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        return faults.reply({"token": bought[-1], "expires_at": ends})(exchange)  # type: ignore[return-value]

    def plan(asked: Asked) -> Fault | None:
        if asked.target.endswith("/access_tokens"):
            return sell
        if asked.number in (4, 9):
            proxy.tokens = {}
        return None

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    made = company.settings.model_dump(mode="json", exclude_unset=True)
    app = {"id": 1, "installation_id": 2, "private_key": "env:APP_KEY"}
    made["github"] = [
        {"api_url": proxy.url, "owners": company.settings.github[0].owners, "app": app}
    ]

    result = company.load(
        url,
        "github",
        plan,
        clock=make_clock(),
        settings=Settings.model_validate(made),
        environ={"APP_KEY": key.decode()},
    )

    assert result.failures == []
    assert difference(expected, contents(url, "github")) == {}
    assert len(bought) == 3
