"""The checks at the doors as asset checks; a blocking one that fails stops what is downstream."""

from collections.abc import Iterator

import dagster as dg

from orchestration.door_process import discard, outcomes
from orchestration.resources import Platform
from orchestration.translators import asset_key
from quality.claims import Door
from quality.suites import check_specs


def key_of(table: str) -> dg.AssetKey:
    """The asset key of a table written `schema.table`."""
    schema, _, name = table.partition(".")
    return asset_key(schema, name)


def _door(door: Door) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=key_of(check.table),
            blocking=check.blocking,
            description=check.description,
        )
        for check in check_specs(door)
    ]

    @dg.multi_asset_check(name=f"{door}_door", specs=specs, can_subset=True)
    def checks(
        context: dg.AssetCheckExecutionContext, platform: Platform
    ) -> Iterator[dg.AssetCheckResult]:
        selected = context.selected_asset_check_keys
        for outcome in outcomes(context.run.run_id, door, platform.url("inspector")):
            key = dg.AssetCheckKey(key_of(outcome.table), outcome.check)
            if key in selected:
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=outcome.passed,
                    severity=severity_of(outcome.severity),
                    metadata=outcome.metadata,
                )
        if door == "metrics":
            discard(context.run.run_id)  # the last one

    return checks


def severity_of(severity: str) -> dg.AssetCheckSeverity:
    """Dagster's name of a severity of ours."""
    return dg.AssetCheckSeverity.ERROR if severity == "error" else dg.AssetCheckSeverity.WARN


raw_door = _door("raw")
marts_door = _door("marts")
metrics_door = _door("metrics")
