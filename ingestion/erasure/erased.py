"""Who was erased, as keyed hashes: nothing here says a name, and every replacement follows from it.

The hash of a value is also what stands for it (`erased-<hash>`), so that the same account, address
or login gets the same stand-in in every table and in every later load.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["id", "login", "email", "name"]

# Reserved for examples (RFC 2606): no mail ever goes there.
_DOMAIN = "erased.example"
_MOST_REMEMBERED = 200_000
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
# A login where it can mean nothing else: @jane, jane/branch.
_LOGIN = re.compile(r"(?<![\w@.+-])@([A-Za-z0-9][\w.-]*)|(?<![\w.@-])([A-Za-z0-9][\w.-]*)(?=/)")
_LONG_TOKEN = re.compile(r"[\w:-]{20,}")
_WORD = re.compile(r"[^\W\d_][\w'’.-]*")
_MOST_WORDS = 4


@dataclass(frozen=True)
class Mark:
    """One value of an erased person: `fingerprint` is its keyed hash in hexadecimal."""

    person: str
    kind: Kind
    connection: str | None
    fingerprint: str


def normal(kind: Kind, value: Any) -> str:
    """The value as it is compared: ids as they are, the rest without case, names with single
    blanks."""
    text = str(value)
    return text if kind == "id" else " ".join(text.split()).casefold()


class Erased:
    """The erased people of a warehouse; without any, every question is answered at once."""

    def __init__(
        self, secret: bytes, marks: Iterable[Mark] = (), latest: datetime | None = None
    ) -> None:
        """`latest`: when somebody was erased last."""
        self.latest = latest
        self.marks = tuple(marks)
        self._secret = secret
        self._person_of = {mark.fingerprint: mark.person for mark in self.marks}
        self._has_names = any(mark.kind == "name" for mark in self.marks)
        self._known: dict[tuple[Kind, str, str], str | None] = {}

    def __bool__(self) -> bool:
        return bool(self._person_of)

    def fingerprint(self, kind: Kind, connection: str, value: Any) -> str:
        """The keyed hash (BLAKE2b, 128 bits); addresses and names are the same everywhere."""
        scope = connection if kind in ("id", "login") else ""
        text = "\0".join((kind, scope, normal(kind, value)))
        encoded = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(encoded, key=self._secret, digest_size=16).hexdigest()

    def person(self, kind: Kind, connection: str, value: Any) -> str | None:
        """Which erased person a value is of; None for everybody else."""
        if value is None or value == "":
            return None
        place = (kind, connection, str(value))
        if place not in self._known:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[place] = self._person_of.get(self.fingerprint(kind, connection, value))
        return self._known[place]

    def id(self, connection: str, value: Any) -> Any:
        """What stands for an account's id: a number below zero for a number."""
        fingerprint = self.fingerprint("id", connection, value)
        return -int(fingerprint[:15], 16) - 1 if isinstance(value, int) else _stand_in(fingerprint)

    def login(self, connection: str, value: str) -> str:
        """What stands for a login."""
        return _stand_in(self.fingerprint("login", connection, value))

    def email(self, value: str) -> str:
        """What stands for an address."""
        return f"{_stand_in(self.fingerprint('email', '', value))}@{_DOMAIN}"

    @staticmethod
    def name(person: str) -> str:
        """What all accounts of an erased person are called."""
        return f"Erased {person}"

    def scrubbed(self, connection: str, text: str) -> str:
        """The text without addresses, full names, ids and logins (@jane, jane/…) of the erased."""
        if "@" in text:
            text = _EMAIL.sub(lambda found: self._email_or(found[0]), text)
        if "@" in text or "/" in text:
            text = _LOGIN.sub(lambda found: self._login_or(connection, found), text)
        text = _LONG_TOKEN.sub(
            lambda found: (
                str(self.id(connection, found[0]))
                if self.person("id", connection, found[0])
                else found[0]
            ),
            text,
        )
        return self._without_names(text) if self._has_names else text

    def reference(self, reference: str) -> str:
        """What the settings write for an account (connection:login, connection:id, an address),
        with the stand-in for an erased one."""
        plain = reference.strip()
        connection, _, value = plain.partition(":")
        if not value:
            return self._email_or(plain, reference)
        if self.person("id", connection, value):
            return f"{connection}:{self.id(connection, int(value) if value.isdecimal() else value)}"
        if self.person("login", connection, value):
            return f"{connection}:{self.login(connection, value)}"
        return reference

    def statements(self) -> list[list[str]]:
        """Accounts and addresses of each erased person, as `[[people]] same` would name them."""
        people: dict[str, list[str]] = {}
        for mark in sorted(self.marks, key=lambda one: (one.kind, one.fingerprint)):
            found = people.setdefault(mark.person, [])
            if mark.kind == "email":
                found.append(f"{_stand_in(mark.fingerprint)}@{_DOMAIN}")
            elif mark.kind == "id":
                # Which of the two forms an account has, no hash tells: one names nobody.
                found.append(f"{mark.connection}:{_stand_in(mark.fingerprint)}")
                found.append(f"{mark.connection}:{-int(mark.fingerprint[:15], 16) - 1}")
        return [references for _, references in sorted(people.items()) if len(references) > 1]

    def _email_or(self, text: str, otherwise: str | None = None) -> str:
        if self.person("email", "", text):
            return self.email(text)
        return text if otherwise is None else otherwise

    def _login_or(self, connection: str, found: re.Match[str]) -> str:
        at, login = ("@", found[1]) if found[1] else ("", found[2])
        bare = login.rstrip(".-")
        if self.person("login", connection, bare):
            return f"{at}{self.login(connection, bare)}{login[len(bare) :]}"
        return found[0]

    def _without_names(self, text: str) -> str:
        words = list(_WORD.finditer(text))
        taken = 0
        parts: list[str] = []
        place = 0
        while place < len(words):
            for count in range(min(_MOST_WORDS, len(words) - place), 1, -1):
                start, end = words[place].start(), words[place + count - 1].end()
                end -= len(text[start:end]) - len(text[start:end].rstrip(".'’-"))
                if person := self.person("name", "", text[start:end]):
                    parts += [text[taken:start], self.name(person)]
                    taken = end
                    place += count - 1
                    break
            place += 1
        return "".join([*parts, text[taken:]])


def _stand_in(fingerprint: str) -> str:
    return f"erased-{fingerprint[:16]}"
