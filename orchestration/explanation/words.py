"""A number in words: what it is, how it came about, what is not in it."""

from __future__ import annotations

from orchestration.commands.report import hours, human
from orchestration.explanation.coverage import counted
from orchestration.explanation.reading import Explained

# metric → what half of the rows took at most that long
_SPANS = {
    "change_lead_time": "from their first commit to the deployment that shipped them",
    "failed_deployment_recovery_time": "from the deployment that failed until it was recovered",
    "time_to_restore_service": "from the opening of the incident to its resolution",
    "coding_time": "from the first commit until the pull request was open for review",
    "pickup_time": "from open for review to the first response of another person",
    "review_time": "from the first response to the merge",
    "deploy_time": "from the merge to the deployment",
}
_HITS = {"change_fail_rate": "failed", "deployment_rework_rate": "were unplanned"}
_WHEN = {
    "deployments": "finished",
    "changes": "were deployed",
    "incidents": "were resolved",
    "pull requests": "were merged",
}
_SOURCES = {
    "deployment": "nothing connected tells of deployments there: see [[deployment_rules]]",
    "both": "both a deployment source and an incident source are needed: see [[deployment_rules]] "
    "and [[incident_rules]]",
    "incident": "nothing connected tells of incidents there: see [[incident_rules]]",
}


def headline(explained: Explained) -> str:
    """The value with its status and band: 10.0 h – ok, elite (bands of 2024)."""
    number = explained.number
    value = number["value"]
    shown = "no value" if value is None else human(value, number["unit"])
    notes = [number["status"].replace("_", " ")]
    if number["band"]:
        notes.append(f"{number['band']} (bands of {number['band_year']})")
    if number["is_partial"]:
        notes.append("the period is not over")
    return f"{shown} – {', '.join(notes)}"


def working(explained: Explained) -> str:
    """The parts of the number as the row has them."""
    number = explained.number
    parts = [
        f"{name.replace('_', ' ')} {_plain(number[name])}"
        for name in ("value", "numerator", "denominator", "sample_size", "open_count")
        if number[name] is not None
    ]
    for name in ("mean", "p75", "p90", "p95", "typical_gap_hours"):
        if number[name] is not None:
            parts.append(f"{name.replace('_hours', '').replace('_', ' ')} {hours(number[name])}")
    if number["deployment_days"] is not None:
        parts.append(f"deployment days {number['deployment_days']}")
    return f"{', '.join(parts)} (unit: {number['unit']})"


def story(explained: Explained) -> str:
    """How the number came about, in a sentence or two."""
    number, metric = explained.number, explained.metric
    if number["status"] == "no_source":
        which = {"change_fail_rate": "both", "failed_deployment_recovery_time": "both"}
        source = which.get(
            metric.name, "incident" if metric.counts == "incidents" else "deployment"
        )
        return f"No value, since {_SOURCES[source]}."
    total = len(explained.facts)
    if metric.name == "deployment_frequency":
        if not total:
            return "No production deployment finished in the period: null, which is not zero."
        days = _plain(number["denominator"])
        elapsed = " that have begun" if number["is_partial"] else ""
        return (
            f"{counted(total, 'production deployments')} finished in the period, divided by its "
            f"{days} days{elapsed}."
        )
    if metric.kind == "ratio":
        if not total:
            return "No production deployment finished in the period: null, which is not zero."
        hits = sum(bool(fact["is_hit"]) for fact in explained.facts)
        return (
            f"{hits} of the {counted(total, 'production deployments')} that finished in the period "
            f"{_HITS[metric.name]}."
        )
    what = "failed deployments" if metric.name.startswith("failed") else metric.counts
    if not total:
        return f"None of the {what} {_WHEN[metric.counts]} in the period."
    sample = number["sample_size"]
    told = f"{counted(total, what)} {_WHEN[metric.counts]} in the period"
    if not sample:
        return f"{told}, none of them with a span that can be told."
    rank = (sample + 1) // 2
    return (
        f"{told}, {sample} with a span that can be told. The median is number {rank} of these by "
        f"length: half took at most {hours(number['value'])} {_SPANS[metric.name]}."
    )


def _plain(value: float | int) -> str:
    return f"{value:.4g}" if isinstance(value, float) and value != int(value) else f"{value:.0f}"
