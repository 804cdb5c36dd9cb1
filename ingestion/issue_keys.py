"""Keys of Jira issues in what people write: titles, texts, commit messages, branch names.

Whether PAY-12 is an issue (UTF-8 is none) is found out later, by joining with the issues there
are: a key that belongs to nothing does no harm.
"""

from __future__ import annotations

import re

# Keys as Jira makes them: a letter, then letters, digits or underscores; numbers from 1. At most
# ten digits: no issue has more, and a longer number is no key but something else.
_KEY = r"[A-Z][A-Z0-9_]+-[1-9][0-9]{0,9}"
# Only ASCII letters end a word here: Chinese or Japanese text has no blanks around a key.
_IN_TEXT = re.compile(rf"(?<![A-Za-z0-9_-]){_KEY}(?![A-Za-z0-9_])")
# Branches hang words on with dashes and underscores: fix-PAY-12_retry.
_IN_BRANCH = re.compile(rf"(?<![A-Za-z0-9]){_KEY}(?![A-Za-z0-9])")
# Written small, a key must begin a part of the branch's name: feature/pay-12-x, but not in
# fix-step-2, where it is a word more often.
_SMALL_IN_BRANCH = re.compile(r"(?:^|(?<=/))[a-z][a-z0-9_]+-[1-9][0-9]{0,9}(?![A-Za-z0-9])")


def issue_keys(*texts: str | None) -> list[str]:
    """The keys in the texts, in capitals, each once, in order of appearance.

    A text without white space is read as the name of a branch: there keys may be written small
    (`feature/pay-12-retry` → PAY-12) and other words may hang on to them.
    """
    found: list[str] = []
    for text in texts:
        if not text:
            continue
        if any(character.isspace() for character in text.strip()):
            found += _IN_TEXT.findall(text)
            continue
        name = text.strip()
        places = [*_IN_BRANCH.finditer(name), *_SMALL_IN_BRANCH.finditer(name)]
        found += [place[0].upper() for place in sorted(places, key=lambda place: place.start())]
    return list(dict.fromkeys(found))
