"""Identifiers as GitHub makes them: node ids that carry the repository and the database id."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct

_PAIR = struct.Struct(">BBBIBI")


def node_id(prefix: str, *parts: int | str) -> str:
    """`PREFIX_` and the base64url text of a msgpack list [0, parts…], as GitHub's own node ids."""
    if len(parts) == 2 and isinstance(parts[0], int) and isinstance(parts[1], int):
        # The usual case, made tens of thousands of times a second.
        text = base64.urlsafe_b64encode(_PAIR.pack(0x93, 0, 0xCE, parts[0], 0xCE, parts[1]))
        return f"{prefix}_{text.decode()}"
    packed = bytearray((0x90 + 1 + len(parts), 0))
    for part in parts:
        if isinstance(part, int):
            packed += b"\xce" + struct.pack(">I", part)
        else:
            raw = part.encode()
            packed += b"\xd9" + bytes((len(raw),)) + raw
    return f"{prefix}_{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def parse_node_id(text: str) -> tuple[str, tuple[int | str, ...]] | None:
    """Prefix and parts of a node id made by `node_id`; None if it is none."""
    prefix, separator, rest = text.partition("_")
    if not separator:
        return None
    try:
        packed = base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4))
        parts: list[int | str] = []
        position = 2
        while position < len(packed):
            if packed[position] == 0xCE:
                parts.append(struct.unpack_from(">I", packed, position + 1)[0])
                position += 5
            elif packed[position] == 0xD9:
                end = position + 2 + packed[position + 1]
                parts.append(packed[position + 2 : end].decode())
                position = end
            else:
                return None
    except (binascii.Error, ValueError, struct.error, IndexError):
        return None
    return prefix, tuple(parts)


def sha1(*parts: object) -> str:
    """Forty hexadecimal digits that depend on all parts."""
    return hashlib.sha1("\0".join(map(str, parts)).encode()).hexdigest()
