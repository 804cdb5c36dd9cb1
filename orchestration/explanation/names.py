"""Which metric and which entity a person means."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.commands import UsageProblem


@dataclass(frozen=True)
class Metric:
    """A metric; `kind`: rate, ratio or median. `counts`: what its rows are (deployments, changes,
    pull requests, incidents)."""

    name: str
    kind: str
    counts: str

    @property
    def title(self) -> str:
        """In words."""
        return self.name.replace("_", " ")


METRICS = {
    metric.name: metric
    for metric in (
        Metric("deployment_frequency", "rate", "deployments"),
        Metric("change_lead_time", "median", "changes"),
        Metric("change_fail_rate", "ratio", "deployments"),
        Metric("failed_deployment_recovery_time", "median", "deployments"),
        Metric("deployment_rework_rate", "ratio", "deployments"),
        Metric("time_to_restore_service", "median", "incidents"),
        Metric("coding_time", "median", "pull requests"),
        Metric("pickup_time", "median", "pull requests"),
        Metric("review_time", "median", "pull requests"),
        Metric("deploy_time", "median", "changes"),
    )
}


@dataclass(frozen=True)
class Entity:
    """Who has numbers: an organization, team, service or repository."""

    entity_type: str
    entity_id: str
    name: str


def metric_named(text: str) -> Metric:
    """The metric of that name, or the only one that has a word beginning so; UsageProblem."""
    said = text.strip().lower().replace("-", "_").replace(" ", "_")
    if said in METRICS:
        return METRICS[said]
    found = [name for name in METRICS if said and f"_{said}" in f"_{name}"]
    if len(found) == 1:
        return METRICS[found[0]]
    if found:
        raise UsageProblem(f'"{text}" may be {_listed(found)}')
    raise UsageProblem(f'no metric is called "{text}"; there are: {", ".join(METRICS)}')


def entity_named(text: str, entity_type: str, entities: Sequence[Entity]) -> Entity:
    """The entity of that type with that name or id, whatever its letter case; else the only one
    whose last part of the name it is (checkout for acme/checkout). UsageProblem."""
    its = [one for one in entities if one.entity_type == entity_type]
    said = text.strip().lower()
    for found in (
        [one for one in its if text in (one.entity_id, one.name)],
        [one for one in its if said in (one.entity_id.lower(), one.name.lower())],
        [one for one in its if one.name.lower().endswith(f"/{said}")],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            ids = _listed(sorted(one.entity_id for one in found))
            raise UsageProblem(f'several {plural(entity_type)} are called "{text}": say {ids}')
    if not its:
        raise UsageProblem(f"there are no {plural(entity_type)} in the warehouse")
    raise UsageProblem(_unknown(text, entity_type, [one.name for one in its], entities))


def _unknown(text: str, entity_type: str, names: list[str], entities: Sequence[Entity]) -> str:
    elsewhere = [
        one.entity_type
        for one in entities
        if one.name.lower() == text.strip().lower() and one.entity_type != entity_type
    ]
    if elsewhere:
        return (
            f'no {entity_type} is called "{text}", but a {elsewhere[0]} is: --{elsewhere[0]} {text}'
        )
    # The part behind the slash is what people remember.
    short = {name.lower(): name for name in reversed(names)}
    short |= {name.lower().rpartition("/")[2]: name for name in reversed(names)}
    near = difflib.get_close_matches(text.lower().rpartition("/")[2], list(short), 5, 0.5)
    shown = list(dict.fromkeys(short[name] for name in near)) or sorted(names)
    more = "" if near or len(shown) <= 5 else f" and {len(shown) - 5} more"
    which = "the nearest are" if near else "there are"
    return f'no {entity_type} is called "{text}"; {which}: {", ".join(shown[:5])}{more}'


def plural(entity_type: str) -> str:
    """The word for several of them."""
    return f"{entity_type[:-1]}ies" if entity_type.endswith("y") else f"{entity_type}s"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else names[0]
