"""Tells where an API has changed: what replies look like now against what they looked like before.

What is known is learned, per connection and endpoint, and kept in dlt's state: servers differ by
version and edition, and a list from a recording would warn of each. Each change is told once and
then known (docs/decisions/0027).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from ingestion.contracts.payloads import is_needed
from ingestion.http.shapes import Seen, parent
from ingestion.loading.batches import Row

State = MutableMapping[str, Any]

# Entries looked at before an absence, a type or a new field says anything: optional fields are
# rare at first.
_ENOUGH = 100
_PLENTY = 1000
# Entries of one sync that must all lack a field that every one had before.
_ALL_OF = 20
# A text may look like a time by chance; a time that is none any more has changed.
_ALSO = {"time": {"text"}, "date": {"text"}}


def drifted(state: State, shapes: Mapping[str, Mapping[str, Seen]]) -> list[Row]:
    """Rows of schema_drift for what is new since the state; the state learns it.

    The state: by endpoint `n`, entries looked at (up to a thousand, so that it comes to rest), and
    `fields`, by path the types and whether every entry had it.
    """
    rows: list[Row] = []
    for endpoint, seen in sorted(shapes.items()):
        known = dict(state.get(endpoint) or {"n": 0, "fields": {}})
        fields = dict(known["fields"])
        rows += [
            {
                "endpoint": endpoint,
                "field": path.removeprefix("."),
                "is_needed": row["change"] != "new_field" and is_needed(endpoint, path),
                **row,
            }
            for path, row in _changes(known["n"], fields, seen)
        ]
        entries = max((one.objects for one in seen.values()), default=0)
        learned = {"n": min(known["n"] + entries, _PLENTY), "fields": fields}
        if learned != state.get(endpoint):
            state[endpoint] = learned
    return rows


def _changes(
    experience: int, fields: dict[str, Any], seen: Mapping[str, Seen]
) -> list[tuple[str, Row]]:
    changes: list[tuple[str, Row]] = []
    before = {path: set(types) for path, (types, _) in fields.items()}
    for path, one in sorted(seen.items()):
        above = seen.get(parent(path))
        is_always = path == "" or (above is not None and one.count >= above.objects)
        if path not in before:
            # What is in a new object, or in a field that has become one, is told with it.
            is_known_above = "object" in before.get(parent(path), ())
            if experience >= _PLENTY and is_known_above and not path.endswith("[]"):
                changes.append((path, _row("new_field", (), one.types)))
            fields[path] = [sorted(one.types), is_always and experience == 0]
            continue
        types, was_always = fields[path]
        new = {kind for kind in one.types if not {kind, *_ALSO.get(kind, ())} & set(types)}
        if new and types and experience >= _ENOUGH:
            changes.append((path, _row("type_changed", types, new)))
        fields[path] = [sorted({*types, *one.types}), was_always and is_always]
    for path, (types, was_always) in list(fields.items()):
        above = seen.get(parent(path))
        is_gone = path not in seen and above is not None and path != "" and was_always
        if is_gone and above is not None and above.objects >= _ALL_OF:
            fields[path] = [types, False]
            if experience >= _ENOUGH and not path.endswith("[]"):
                changes.append((path, _row("missing_field", types, ())))
    return changes


def _row(change: str, expected: Any, found: Any) -> Row:
    return {
        "change": change,
        "expected": ", ".join(sorted(expected)) or None,
        "found": ", ".join(sorted(found)) or None,
        "accepted_at": None,
    }


def unexpected_shape(error: Exception) -> str:
    """One line about a reply that could not be made rows: what is missing or of a wrong type, and
    no value of it."""
    said = f"{error.args[0]} is missing" if isinstance(error, KeyError) and error.args else None
    kind = said or f"a value of another type ({type(error).__name__})"
    return f"a reply of unexpected shape: {kind}; schema_drift has the field, if it is new"
