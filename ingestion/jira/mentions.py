"""What descriptions and comments refer to: commits, and addresses at code hosts.

The texts are not stored, so the references are read out while passing. Of the addresses only
those are kept that name a thing of a code host: others are none of ours, and may be private.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ingestion.jira.adf import plain_text, urls

# Not inside a word, a UUID or a colour; dates and words are hexadecimal too, but a hash of seven
# or more digits lacks letters or digits once in thousands.
_HASH = re.compile(r"(?<![\w#-])([0-9a-f]{7,40})(?![\w-])", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"'|\]\[(){}]+")
_COMMIT = re.compile(r"/commits?/([0-9a-f]{7,40})(?![\w-])", re.IGNORECASE)
_CODE_HOST = re.compile(
    r"/(?:pull|pulls|pull-requests|merge_requests|commits?|deployments|environments|pipelines"
    r"|jobs|actions/runs|releases|tags|issues|compare)/[\w.-]+"
)


def mentioned(*documents: Any) -> dict[str, list[str]] | None:
    """The references in documents (ADF or plain texts); None if there are none.

    Shape: {"shas": [lower case], "urls": [without query and fragment]}, each without
    repetitions, in order of appearance; empty lists are left out.
    """
    shas: list[str] = []
    addresses: list[str] = []
    for document in documents:
        text = plain_text(document) or ""
        found = [url.rstrip(".,;:!?*_") for url in _URL.findall(text)] + urls(document)
        for url in found:
            if address := _kept(url):
                addresses.append(address)
                shas += [sha.lower() for sha in _COMMIT.findall(address)]
        words = [sha.lower() for sha in _HASH.findall(_URL.sub(" ", text))]
        shas += [word for word in words if _looks_like_hash(word)]
    result = {"shas": list(dict.fromkeys(shas)), "urls": list(dict.fromkeys(addresses))}
    return {kind: values for kind, values in result.items() if values} or None


def _kept(url: str) -> str | None:
    """The address without query and fragment, which may hold secrets, if it is one to keep."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or not _CODE_HOST.search(parts.path):
        return None
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _looks_like_hash(word: str) -> bool:
    return any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
