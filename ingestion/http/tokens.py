"""Several credentials used as one: the one with the most left asks, exhausted ones rest."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from pydantic import SecretStr

from ingestion.http.clock import Clock
from ingestion.http.errors import Unauthorized
from ingestion.http.limits import Budget, Pause, together

logger = logging.getLogger(__name__)

# A wait is slept in pieces: another thread's reply may have freed a credential meanwhile.
_LONGEST_NAP = 30.0
# Clocks differ: a limit that resets "now" may still refuse for a moment.
_RESET_MARGIN = 1.0
_MINUTE = 60.0


class Credential(Protocol):
    """Somebody who may ask; `label` names it without giving it away."""

    label: str

    def authorization(self) -> str:
        """Value of the header Authorization."""
        ...

    def renew(self, refused: str) -> bool:
        """Tries to get a fresh one after a refusal; False if there is none to be had.

        `refused` is the Authorization that was refused: another thread may have renewed since.
        """
        ...

    def secrets(self) -> list[str]:
        """Texts that must not appear anywhere."""
        ...


class StaticToken:
    """A token as it stands in the environment; `label` is e.g. "token 2 of 3"."""

    def __init__(self, token: SecretStr, label: str, scheme: str = "Bearer") -> None:
        value = token.get_secret_value()
        if not value.isascii() or any(character.isspace() for character in value):
            raise Unauthorized(
                f"{label} holds characters that no token has (spaces, line breaks or accents); "
                "copy it again"
            )
        self._token = token
        self._scheme = scheme
        self.label = label

    def authorization(self) -> str:
        """Value of the header Authorization."""
        return f"{self._scheme} {self._token.get_secret_value()}"

    def renew(self, refused: str) -> bool:
        """A token can't be renewed by program."""
        return False

    def secrets(self) -> list[str]:
        """The token."""
        return [self._token.get_secret_value()]


@dataclass
class Slot:
    """A credential in the pool, with what is known of its limits."""

    credential: Credential
    budgets: dict[str, Budget] = field(default_factory=dict)
    paused: dict[str | None, float] = field(default_factory=dict)
    lately: dict[str, deque[float]] = field(default_factory=dict)
    """When it asked within the last minute, of resources with a pace."""
    used: int = 0
    is_retired: bool = False

    def free_at(self, resource: str, now: float) -> float:
        """When it may ask again (a time in the past: now)."""
        if self.is_retired:
            return float("inf")
        free = max(self.paused.get(None, 0.0), self.paused.get(resource, 0.0))
        budget = self.budgets.get(resource)
        if budget and budget.remaining <= 0 and budget.resets_at > now:
            free = max(free, budget.resets_at + _RESET_MARGIN)
        return free

    def in_pace_at(self, resource: str, most: int | None, now: float) -> float:
        """When it may ask again if it may at most so many times in any minute."""
        if most is None:
            return 0.0
        lately = self.lately.setdefault(resource, deque())
        # A moment to come: the machine's clock was set back.
        while lately and not now - _MINUTE < lately[0] <= now:
            lately.popleft()
        return lately[-most] + _MINUTE if len(lately) >= most else 0.0

    def remaining(self, resource: str, now: float) -> float:
        """Requests left; unknown counts as endless, so that it is found out soon."""
        budget = self.budgets.get(resource)
        if budget is None or budget.resets_at <= now:
            return float("inf")
        return budget.remaining


class TokenPool:
    """Hands out credentials, thread-safe; waits while all of them rest."""

    def __init__(
        self,
        credentials: Sequence[Credential],
        clock: Clock,
        service: str,
        pace: Mapping[str, int] | None = None,
    ) -> None:
        """`pace`: how often one credential may ask in any minute, by resource."""
        if not credentials:
            raise Unauthorized(f"{service}: no token")
        self._slots = [Slot(credential) for credential in credentials]
        self._clock = clock
        self._service = service
        self._pace = dict(pace or {})
        self._lock = threading.Lock()
        self._announced = 0.0
        self.seconds_waited = 0.0

    def acquire(self, resource: str, waits: Callable[[float], None] | None = None) -> Slot:
        """The credential with most left of this resource; waits while all rest.

        `waits`: is told of each wait, in seconds, before it begins.
        """
        while True:
            with self._lock:
                now = self._clock.now()
                free = [slot for slot in self._slots if self._free_at(slot, resource, now) <= now]
                if free:
                    slot = max(free, key=lambda s: (s.remaining(resource, now), -s.used))
                    slot.used += 1
                    self._spend(slot, resource, now)
                    return slot
                until = min(self._free_at(slot, resource, now) for slot in self._slots)
                self._announce(resource, until, now)
                nap = min(until - now, _LONGEST_NAP)
                self.seconds_waited += nap
            if waits:
                waits(nap)
            self._clock.sleep(nap)

    def learn(self, slot: Slot, budget: Budget) -> None:
        """Takes over what a reply said of the budget."""
        with self._lock:
            known = slot.budgets.get(budget.resource)
            # Replies of parallel requests overtake each other: within a window only less is news.
            if known and known.resets_at == budget.resets_at and known.remaining < budget.remaining:
                return
            slot.budgets[budget.resource] = budget

    def rest(self, slot: Slot, pause: Pause) -> None:
        """Lets a credential rest."""
        with self._lock:
            slot.paused[pause.resource] = max(slot.paused.get(pause.resource, 0.0), pause.until)
            seconds = pause.until - self._clock.now()
        if seconds >= 5:
            logger.info(
                "%s: %s rests for %.0f s: %s",
                self._service,
                slot.credential.label,
                seconds,
                pause.why,
            )

    def retire(self, slot: Slot, why: str) -> bool:
        """Takes a refused credential out of use for good; False if it was the last."""
        with self._lock:
            if not any(other is not slot and not other.is_retired for other in self._slots):
                return False
            if not slot.is_retired:
                logger.warning("%s; going on with the others", why)
            slot.is_retired = True
            return True

    def exhausted(self, slot: Slot, resource: str, why: str, strikes: int) -> None:
        """Lets a credential rest that was refused for a limit without saying until when.

        If its budget is known to be empty, that says when; else a minute, doubled each time.
        """
        now = self._clock.now()
        if slot.free_at(resource, now) <= now:
            seconds = 60.0 * 2 ** min(strikes - 1, 4)
            self.rest(slot, Pause(now + seconds, resource, why))

    def remaining(self, resource: str) -> int | None:
        """Requests (or points) left of all credentials together; None if none has told."""
        with self._lock:
            known = [s.budgets[resource] for s in self._slots if resource in s.budgets]
        return sum(budget.remaining for budget in known) if known else None

    def budgets(self) -> list[Budget]:
        """What all credentials together have left, by resource; the reset is the first of them."""
        with self._lock:
            known = [budget for slot in self._slots for budget in slot.budgets.values()]
        return together(known)

    def credentials(self) -> list[Credential]:
        """All of them, in the order of the settings."""
        return [slot.credential for slot in self._slots]

    def scrub(self, text: str) -> str:
        """The text without any secret, should a server repeat one."""
        for slot in self._slots:
            for secret in slot.credential.secrets():
                text = text.replace(secret, "***")
        return text

    def _free_at(self, slot: Slot, resource: str, now: float) -> float:
        most = self._pace.get(resource)
        return max(slot.free_at(resource, now), slot.in_pace_at(resource, most, now))

    def _spend(self, slot: Slot, resource: str, now: float) -> None:
        if resource in self._pace:
            slot.lately.setdefault(resource, deque()).append(now)
        budget = slot.budgets.get(resource)
        if budget and budget.resets_at > now:
            slot.budgets[resource] = Budget(
                resource, budget.limit, budget.remaining - 1, budget.resets_at
            )

    def _announce(self, resource: str, until: float, now: float) -> None:
        # Once per wait, not once per thread.
        if until - now < 10 or until <= self._announced + 5:
            return
        self._announced = until
        logger.warning(
            "%s: the limit of %s is used up for all %d credentials; waiting %.0f s, until %s",
            self._service,
            resource,
            len(self._slots),
            until - now,
            datetime.fromtimestamp(until, UTC).strftime("%H:%M:%S UTC"),
        )
