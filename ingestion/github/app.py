"""A GitHub App as a credential: short-lived installation tokens, renewed before they end.

docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app: a JWT (RS256, at most
ten minutes) signed with the App's key buys a token that holds for an hour.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import jwt
from pydantic import SecretStr

from ingestion.http import ApiError, Clock, Reply, Unauthorized

# Renewed while it still holds for the longest request and its retries.
_RENEW_BEFORE = 300.0


class _Jwt:
    """The App itself, for the one request that buys a token."""

    def __init__(self, app_id: str, key: SecretStr, clock: Clock) -> None:
        self.label = f"GitHub App {app_id}"
        self._app_id = app_id
        self._key = key
        self._clock = clock

    def authorization(self) -> str:
        """A fresh JWT; a minute back-dated, since clocks differ."""
        now = int(self._clock.now())
        claims = {"iat": now - 60, "exp": now + 540, "iss": self._app_id}
        try:
            token = jwt.encode(claims, self._key.get_secret_value(), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise Unauthorized(
                f"{self.label}: private_key is no RSA key in PEM form; "
                "copy the whole file that GitHub gave, line breaks included"
            ) from None
        return f"Bearer {token}"

    def renew(self, refused: str) -> bool:
        """Each request signs anew."""
        return False

    def secrets(self) -> list[str]:
        """The key."""
        return [self._key.get_secret_value()]


class InstallationToken:
    """The tokens of one installation of an App, one after the other; thread-safe."""

    def __init__(
        self,
        app_id: str,
        installation_id: str,
        private_key: SecretStr,
        clock: Clock,
        request: Callable[[str, _Jwt], Reply],
    ) -> None:
        self.label = f"GitHub App {app_id}, installation {installation_id}"
        # Environment variables often carry the line breaks of the file as \n.
        key = SecretStr(private_key.get_secret_value().replace("\\n", "\n"))
        self._app = _Jwt(app_id, key, clock)
        self._path = f"/app/installations/{installation_id}/access_tokens"
        self._clock = clock
        self._request = request
        self._lock = threading.Lock()
        self._token: SecretStr | None = None
        self._ends_at = 0.0

    def authorization(self) -> str:
        """The token that holds now; asks for the next one when it ends soon."""
        with self._lock:
            if self._token is None or self._clock.now() >= self._ends_at - _RENEW_BEFORE:
                self._buy()
            assert self._token is not None
            return f"Bearer {self._token.get_secret_value()}"

    def renew(self, refused: str) -> bool:
        """Forgets the token, so that the next request buys another."""
        with self._lock:
            if self._token and refused == f"Bearer {self._token.get_secret_value()}":
                self._token = None
        return True

    def secrets(self) -> list[str]:
        """The key and the token."""
        token = [self._token.get_secret_value()] if self._token else []
        return [*self._app.secrets(), *token]

    def _buy(self) -> None:
        reply = self._request(self._path, self._app)
        try:
            self._token = SecretStr(reply.data["token"])
            self._ends_at = datetime.fromisoformat(reply.data["expires_at"]).timestamp()
        except (TypeError, KeyError, ValueError):
            raise ApiError(f"{self.label}: the reply holds no token") from None
