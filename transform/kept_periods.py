"""Which rows of metrics.dora stay as they are: those of periods that were over at the last
computation, of entities about whom nothing has changed since. docs/decisions/0021 has the reasons.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from transform.dora.calendar import local_date
from transform.dora.entities import Entity, Membership, Rows
from transform.metric_settings import MetricSettings
from transform.schemas import DEFINITION_VERSION, DORA
from transform.units import Node

Key = tuple[str, str]


@dataclass(frozen=True)
class KeptPeriods:
    """The entities, and the day before which a period has to end for its rows to stay."""

    entities: frozenset[Key]
    before: date

    def since(self, entity: Entity) -> date | None:
        """Where the periods end whose rows are told again; None: all are."""
        is_kept = (entity.entity_type, entity.entity_id) in self.entities
        return self.before if is_kept else None

    def condition(self) -> str:
        """What rows that stay meet, in SQL."""
        # One text each: PostgreSQL hashes a list of texts, and goes through one of pairs.
        names = (f"{kind}:{name}".replace("'", "''") for kind, name in sorted(self.entities))
        listed = ", ".join(f"'{name}'" for name in names)
        return (
            f"(period_end < date '{self.before.isoformat()}'"
            f" and entity_type || ':' || entity_id in ({listed}))"
        )


def entity_prints(
    entities: Sequence[Entity],
    memberships: Sequence[Membership],
    settings: MetricSettings,
    bands: Rows,
) -> dict[Key, str]:
    """Per entity what its rows hang on besides the facts of its members."""
    members: dict[Key, list[tuple[str, str]]] = {}
    for one in memberships:
        members.setdefault((one.entity_type, one.entity_id), []).append((one.via, one.key))
    columns = [(column.name, column.type) for column in DORA.columns]
    terms = [DEFINITION_VERSION, columns, repr(settings), sorted(map(repr, bands))]
    shared = hashlib.sha256(json.dumps(terms).encode()).hexdigest()
    prints = {}
    for entity in entities:
        key = (entity.entity_type, entity.entity_id)
        told = repr((shared, entity, sorted(members.get(key, ()))))
        prints[key] = hashlib.sha256(told.encode()).hexdigest()
    return prints


def kept_periods(
    prints: Mapping[Key, str],
    memberships: Sequence[Membership],
    stored: Collection[str],
    changed: Collection[Node],
    before: datetime,
    as_of: datetime,
    settings: MetricSettings,
) -> KeptPeriods | None:
    """What stays of a computation as of `before`; None if nothing does.

    `stored`: the fingerprints it left; `changed`: the services and repositories about which there
    is something new, or nothing any more.
    """
    if as_of < before:
        return None
    changed = frozenset(changed)
    moved = {(m.entity_type, m.entity_id) for m in memberships if (m.via, m.key) in changed}
    entities = frozenset(key for key, told in prints.items() if told in stored) - moved
    # Rolling windows that ended with that day's beginning may be there no more.
    return KeptPeriods(entities, local_date(before, settings.zone)) if entities else None


def entity_rows(prints: Mapping[Key, str], computed_at: datetime) -> list[dict[str, Any]]:
    """The rows of metrics.computed_units that say so to the next computation."""
    return [
        {
            "fingerprint": told,
            "nodes": [f"metrics:{kind}:{name}"],
            "definition_version": DEFINITION_VERSION,
            "computed_at": computed_at,
        }
        for (kind, name), told in prints.items()
    ]
