"""A GitHub App's tokens: signed, bought, renewed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from ingestion.github.app import InstallationToken
from ingestion.http import Reply, Unauthorized

NOW = 1_700_000_000.0


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


class Shop:
    """Sells tokens for an hour."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.asked: list[tuple[str, str]] = []

    def __call__(self, path: str, app: Any) -> Reply:
        self.asked.append((path, app.authorization()))
        ends = datetime.fromtimestamp(self.clock.now() + 3600, UTC).isoformat()
        return Reply(201, {}, {"token": f"ghs_{len(self.asked)}", "expires_at": ends})


@pytest.fixture
def clock(make_clock: Any) -> Any:
    return make_clock(NOW)


def test_a_token_is_bought_once_and_renewed_before_it_ends(clock: Any, key: Any) -> None:
    shop = Shop(clock)
    token = InstallationToken("12", "42", SecretStr(pem(key)), clock, shop)

    assert [token.authorization() for _ in range(2)] == ["Bearer ghs_1"] * 2
    clock.time += 3600 - 299
    assert token.authorization() == "Bearer ghs_2"
    assert {path for path, _ in shop.asked} == {"/app/installations/42/access_tokens"}


def test_the_signature_names_the_app_for_less_than_ten_minutes(clock: Any, key: Any) -> None:
    shop = Shop(clock)
    InstallationToken("12", "42", SecretStr(pem(key)), clock, shop).authorization()

    claims = jwt.decode(
        shop.asked[0][1].removeprefix("Bearer "),
        key.public_key(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == "12"
    assert claims["iat"] == NOW - 60
    assert claims["exp"] - claims["iat"] <= 600


def test_a_refused_token_is_bought_anew(clock: Any, key: Any) -> None:
    token = InstallationToken("12", "42", SecretStr(pem(key)), clock, Shop(clock))
    refused = token.authorization()

    assert token.renew(refused)
    assert token.authorization() == "Bearer ghs_2"
    # Another thread's refusal of the first one comes late: the second holds.
    assert token.renew(refused)
    assert token.authorization() == "Bearer ghs_2"


def test_a_key_on_one_line_is_read(clock: Any, key: Any) -> None:
    one_line = pem(key).replace("\n", "\\n")

    token = InstallationToken("12", "42", SecretStr(one_line), clock, Shop(clock))

    assert token.authorization() == "Bearer ghs_1"


def test_a_broken_key_is_named_but_not_shown(clock: Any) -> None:
    token = InstallationToken("12", "42", SecretStr("not-a-key"), clock, Shop(clock))

    with pytest.raises(Unauthorized, match="private_key is no RSA key") as caught:
        token.authorization()
    assert "not-a-key" not in str(caught.value)
