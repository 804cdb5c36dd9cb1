"""Metrics departure: what must hold of the numbers before anybody reads them.

Claims about our own arithmetic block, because their failure is a bug; what data alone can cause
is a warning. Not here: keys, which transform/schemas.py makes primary keys.
"""

from __future__ import annotations

from quality.claims import CheckSpec, Rows, Values, broken, volume_checks

_DORA = "metrics.dora"
_CHANGES = "metrics.deployment_changes"
_CYCLE = "metrics.pull_request_cycle"
_OUTCOMES = "metrics.deployment_outcomes"
_COVERAGE = "metrics.linkage_coverage"

_DORA_KEY = "entity_type, entity_id, environment, grain, period_start, metric"
_DORA_SERIES = "entity_type, entity_id, environment, grain, metric"
_CHANGE_KEY = "deployment_id, change_id"

# Row counts that are remembered besides those of whole tables, by table.
SLICES: dict[str, str] = {
    _DORA: """
        select
            entity_type || '/' || grain as slice,
            count(*) as row_count
        from metrics.dora
        group by 1
        union all
        select
            entity_type || '/' || grain || '/ok' as slice,
            count(*) filter (where status = 'ok') as row_count
        from metrics.dora
        group by 1
    """
}


def _against_last_run(condition: str) -> str:
    """SQL for the slices of metrics.dora for which the condition holds: slice, rows_before (in
    the last accepted run), rows_now."""
    return f"""
        select
            slice,
            rows_before,
            rows_now
        from (
            select
                last.slice,
                last.row_count as rows_before,
                coalesce(counted.row_count, 0) as rows_now
            from quality.accepted_volumes as last
            left join ({SLICES[_DORA]}) as counted on counted.slice = last.slice
            where last.table_schema || '.' || last.table_name = '{_DORA}' and last.slice <> ''
        ) as compared
        where {condition}
    """


_VALUES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("entity_type", ("organization", "team", "service", "repository")),
    ("grain", ("day", "week", "month", "quarter", "rolling_30d", "rolling_90d")),
    (
        "metric",
        (
            "deployment_frequency",
            "change_lead_time",
            "change_fail_rate",
            "failed_deployment_recovery_time",
            "deployment_rework_rate",
            "time_to_restore_service",
            "coding_time",
            "pickup_time",
            "review_time",
            "deploy_time",
        ),
    ),
    ("status", ("ok", "insufficient_data", "no_data", "no_source")),
    ("unit", ("per day", "hours", "ratio")),
    ("band", ("low", "medium", "high", "elite")),
)

_DORA_CHECKS: list[CheckSpec] = [
    *(
        CheckSpec(
            f"{column}_is_known",
            _DORA,
            Values(column, allowed),
            f"{column} is one of {', '.join(allowed)}.",
            blocking=True,
        )
        for column, allowed in _VALUES
    ),
    CheckSpec(
        "lead_time_is_not_negative",
        _DORA,
        Rows(broken(_DORA_KEY, "metric = 'change_lead_time' and least(value, p75, p90) < 0")),
        "No change is deployed before it was written: a negative span is null and in no median.",
        blocking=True,
    ),
    CheckSpec(
        "durations_are_not_negative",
        _DORA,
        Rows(
            broken(
                _DORA_KEY,
                "unit = 'hours' and metric <> 'change_lead_time' and least(value, p75, p90) < 0",
            )
        ),
        "No recovery, restoration or phase takes less than no time.",
        blocking=True,
    ),
    CheckSpec(
        "ratios_are_between_zero_and_one",
        _DORA,
        Rows(broken(_DORA_KEY, "unit = 'ratio' and value not between 0 and 1")),
        "Change fail rate and rework rate are shares of the deployments.",
        blocking=True,
    ),
    CheckSpec(
        "numerator_does_not_exceed_denominator",
        _DORA,
        Rows(broken(_DORA_KEY, "unit = 'ratio' and numerator > denominator")),
        "No more deployments failed, or were rework, than there were.",
        blocking=True,
    ),
    CheckSpec(
        "value_is_numerator_over_denominator",
        _DORA,
        Rows(
            broken(
                _DORA_KEY,
                "unit in ('ratio', 'per day') and value is not null and coalesce("
                "abs(value - numerator::double precision / nullif(denominator, 0)) > 1e-9, true)",
            )
        ),
        "The shown working gives the shown value.",
        blocking=True,
    ),
    CheckSpec(
        "counts_are_not_negative",
        _DORA,
        Rows(broken(_DORA_KEY, "least(numerator, denominator, sample_size, open_count) < 0")),
        "numerator, denominator, sample_size and open_count are counts.",
        blocking=True,
    ),
    CheckSpec(
        "percentiles_are_in_order",
        _DORA,
        Rows(broken(_DORA_KEY, "unit = 'hours' and (value > p75 or value > p90 or p75 > p90)")),
        "median ≤ p75 ≤ p90.",
        blocking=True,
    ),
    CheckSpec(
        "null_has_a_reason",
        _DORA,
        Rows(broken(_DORA_KEY, "(value is null) <> (status in ('no_data', 'no_source'))")),
        "A value is null exactly when its status says why: null is not zero.",
        blocking=True,
    ),
    CheckSpec(
        "small_samples_say_so",
        _DORA,
        Rows(
            f"""
            select {_DORA_KEY}
            from this
            cross join marts.dim_metric_settings as settings
            where
                this.value is not null
                and (this.status = 'ok') <> (this.sample_size >= settings.minimum_sample)
            """
        ),
        "The status is insufficient_data exactly when the sample is smaller than minimum_sample.",
    ),
    CheckSpec(
        "band_is_earned",
        _DORA,
        Rows(broken(_DORA_KEY, "band is not null and (status <> 'ok' or band_year is null)")),
        "Only a value with enough data has a band, and the band its year.",
        blocking=True,
    ),
    CheckSpec(
        "band_follows_its_boundaries",
        _DORA,
        Rows(
            f"""
            select {", ".join("this." + key for key in _DORA_KEY.split(", "))}
            from this
            where
                this.band is not null
                and exists (
                    select 1 from marts.dora_bands as any_band
                    where any_band.year = this.band_year and any_band.metric = this.metric
                )
                and not exists (
                    select 1 from marts.dora_bands as bands
                    where
                        bands.year = this.band_year
                        and bands.metric = this.metric
                        and bands.band = this.band
                        and (
                            bands.from_value is null
                            or this.value > bands.from_value
                            or (bands.from_inclusive and this.value = bands.from_value)
                        )
                        and (
                            bands.to_value is null
                            or this.value < bands.to_value
                            or (bands.to_inclusive and this.value = bands.to_value)
                        )
                )
            """
        ),
        "The value lies within the published boundaries of its band.",
        blocking=True,
    ),
    CheckSpec(
        "periods_have_no_holes",
        _DORA,
        # Sums instead of a look at each neighbour: sorting all rows took ten times as long.
        Rows(
            f"""
            select {_DORA_SERIES}
            from this
            group by {_DORA_SERIES}
            having
                case
                    when grain like 'rolling%'
                        then max(period_end) - min(period_end) > 7 * (count(*) - 1)
                    else max(period_end) - min(period_start) <> sum(period_end - period_start)
                end
            """
        ),
        "Each period begins where the one before ends (rolling windows: at most a week later), "
        "per entity, environment, grain and metric.",
        blocking=True,
    ),
    CheckSpec(
        "periods_have_their_length",
        _DORA,
        Rows(
            broken(
                _DORA_KEY,
                """
                not is_partial
                and period_end is distinct from (
                    case grain
                        when 'day' then period_start + 1
                        when 'week' then period_start + 7
                        when 'month'
                            then (date_trunc('month', period_start) + interval '1 month')::date
                        when 'quarter'
                            then (date_trunc('quarter', period_start) + interval '3 months')::date
                        when 'rolling_30d' then period_start + 30
                        when 'rolling_90d' then period_start + 90
                    end
                )
                """,
            )
        ),
        "A finished day, week, month, quarter or rolling window is as long as its name says.",
        blocking=True,
    ),
    CheckSpec(
        "only_the_last_period_is_partial",
        _DORA,
        Rows(
            f"""
            select {_DORA_SERIES}
            from this
            group by {_DORA_SERIES}
            having min(period_start) filter (where is_partial) < max(period_start)
            """
        ),
        "A period with a later one after it has ended.",
        blocking=True,
    ),
    CheckSpec(
        "all_rows_have_one_definition",
        _DORA,
        Rows("select distinct definition_version from this order by 1 offset 1"),
        "Every row was computed by the same definitions: none is left over from earlier ones.",
        blocking=True,
    ),
    CheckSpec(
        "services_add_up_to_the_organization",
        _DORA,
        Rows(
            """
            select
                grain,
                period_start
            from this
            where
                metric = 'deployment_frequency'
                and environment = 'production'
                and entity_type in ('organization', 'service')
            group by grain, period_start
            having
                coalesce(sum(numerator) filter (where entity_type = 'service'), 0)
                <> coalesce(sum(numerator) filter (where entity_type = 'organization'), 0)
            """
        ),
        "In every period the production deployments of all services are those of the "
        "organization: pooled rows, nothing lost or counted twice.",
    ),
    CheckSpec(
        "deployment_counts_match_the_marts",
        _DORA,
        Rows(
            f"""
            select {", ".join("this." + key for key in _DORA_KEY.split(", "))}
            from this
            join marts.dim_organizations as organization
                on organization.organization_id = this.entity_id
            left join (
                select
                    (deployment.finished_at at time zone organization.timezone)::date as day,
                    count(*) as deployments
                from marts.fct_deployments as deployment
                cross join marts.dim_organizations as organization
                where
                    deployment.environment_tier = 'production'
                    and deployment.status = 'success'
                group by 1
            ) as counted on counted.day = this.period_start
            where
                this.entity_type = 'organization'
                and this.environment = 'production'
                and this.metric = 'deployment_frequency'
                and this.grain = 'day'
                and not this.is_partial
                and this.numerator <> coalesce(counted.deployments, 0)
            """
        ),
        "Counted again in SQL, each day has as many production deployments as metrics.dora says.",
    ),
    CheckSpec(
        "no_entity_type_has_vanished",
        _DORA,
        Rows(
            _against_last_run(
                "slice similar to '(organization|service)/[a-z0-9_]+'"
                " and rows_before > 0 and rows_now = 0"
            )
        ),
        "Organization and services still have rows at every grain that had some in the last "
        "accepted run.",
        blocking=True,
    ),
    CheckSpec(
        "rows_have_not_dropped",
        _DORA,
        Rows(_against_last_run("slice not like '%/ok' and rows_now < 0.9 * rows_before - 3")),
        "No entity type and grain has lost more than a tenth of its rows since the last accepted "
        "run.",
        severity="warn",
    ),
    CheckSpec(
        "ok_values_have_not_dropped",
        _DORA,
        Rows(_against_last_run("slice like '%/ok' and rows_now < 0.8 * rows_before - 3")),
        "No entity type and grain has lost more than a fifth of its values with status ok since "
        "the last accepted run.",
        severity="warn",
    ),
]

_DETAIL_CHECKS: list[CheckSpec] = [
    CheckSpec(
        "change_ships_once",
        _CHANGES,
        Rows(
            """
            select
                service_id,
                environment,
                change_kind,
                change_id
            from this
            group by 1, 2, 3, 4
            having count(*) > 1
            """
        ),
        "A change is shipped once per service and environment: deployed again it ships nothing.",
        blocking=True,
    ),
    CheckSpec(
        "lead_time_is_not_negative",
        _CHANGES,
        Rows(broken(_CHANGE_KEY, "lead_time_hours < 0")),
        "A negative span is null.",
        blocking=True,
    ),
    CheckSpec(
        "lead_time_is_its_span",
        _CHANGES,
        Rows(
            broken(
                _CHANGE_KEY,
                "abs(lead_time_hours - extract(epoch from deployed_at - first_commit_at) / 3600)"
                " > 0.001",
            )
        ),
        "lead_time_hours runs from first_commit_at to deployed_at.",
        blocking=True,
    ),
    CheckSpec(
        "deployment_is_to_production",
        _CHANGES,
        Rows(
            """
            select distinct this.deployment_id
            from this
            where not exists (
                select 1 from marts.fct_deployments as deployment
                where
                    deployment.deployment_id = this.deployment_id
                    and deployment.environment_tier = 'production'
                    and deployment.status = 'success'
            )
            """
        ),
        "Only successful production deployments of the marts ship a change.",
        blocking=True,
    ),
    CheckSpec(
        "pull_request_is_merged",
        _CHANGES,
        Rows(
            """
            select
                this.deployment_id,
                this.pull_request_id
            from this
            where
                this.change_kind = 'pull_request'
                and not exists (
                    select 1 from marts.fct_pull_requests as pull_request
                    where
                        pull_request.pull_request_id = this.pull_request_id
                        and pull_request.merged_at is not null
                )
            """
        ),
        "Every pull request that was shipped is in the marts and merged.",
        blocking=True,
    ),
    CheckSpec(
        "merged_before_deployed",
        _CHANGES,
        Rows(broken(_CHANGE_KEY, "merged_at > deployed_at"), 0.02),
        "A change is merged before the deployment that ships it finishes (up to 2% may not: a tag "
        "can carry an older date).",
        severity="warn",
    ),
    CheckSpec(
        "phases_are_not_negative",
        _CYCLE,
        Rows(
            broken(
                "pull_request_id",
                "least(coding_hours, pickup_hours, review_hours, deploy_hours, cycle_hours) < 0",
            )
        ),
        "A negative span is null.",
        blocking=True,
    ),
    CheckSpec(
        "phases_add_up_to_the_cycle",
        _CYCLE,
        Rows(
            broken(
                "pull_request_id",
                "abs(coding_hours + pickup_hours + review_hours + deploy_hours - cycle_hours)"
                " > 0.001",
            )
        ),
        "Where all four phases are known, they are the whole way from first commit to deployed.",
    ),
    CheckSpec(
        "every_merged_pull_request_is_there",
        _CYCLE,
        Rows(
            """
            select merged.pull_request_id
            from marts.fct_pull_requests as merged
            where
                merged.merged_at is not null
                and not exists (
                    select 1 from this where this.pull_request_id = merged.pull_request_id
                )
            """
        ),
        "No merged pull request of the marts is left out.",
    ),
    CheckSpec(
        "every_production_deployment_is_there",
        _OUTCOMES,
        Rows(
            """
            select deployment.deployment_id
            from marts.fct_deployments as deployment
            where
                deployment.environment_tier = 'production'
                and deployment.status = 'success'
                and not exists (
                    select 1 from this where this.deployment_id = deployment.deployment_id
                )
            """
        ),
        "No production deployment of the marts is left out.",
    ),
    CheckSpec(
        "failed_ones_have_a_reason",
        _OUTCOMES,
        Rows(
            broken(
                "deployment_id",
                "is_failed <> (coalesce(cardinality(failure_reasons), 0) > 0)",
            )
        ),
        "A deployment failed exactly when failure_reasons says why.",
        blocking=True,
    ),
    CheckSpec(
        "recovery_is_not_negative",
        _OUTCOMES,
        Rows(broken("deployment_id", "recovery_hours < 0")),
        "A negative span is null.",
        blocking=True,
    ),
    CheckSpec(
        "only_failed_ones_recover",
        _OUTCOMES,
        Rows(
            broken(
                "deployment_id",
                "not is_failed and (recovered_at is not null or recovery_hours is not null)",
            )
        ),
        "What did not fail has no recovery.",
        blocking=True,
    ),
    CheckSpec(
        "incidents_exist",
        _OUTCOMES,
        Rows(
            """
            select
                this.deployment_id,
                named.incident_id
            from this
            cross join unnest(this.incident_ids) as named (incident_id)
            where not exists (
                select 1 from marts.fct_incidents as incident
                where incident.incident_id = named.incident_id
            )
            """
        ),
        "Every incident that is blamed on a deployment is in the marts.",
    ),
    CheckSpec(
        "row_count_is_not_negative",
        _COVERAGE,
        Rows(broken("service_id, reason", "row_count < 0")),
        "Coverage counts rows.",
        blocking=True,
    ),
]

CHECKS: list[CheckSpec] = [
    *(check for table in (_CHANGES, _CYCLE, _OUTCOMES) for check in volume_checks(table)),
    *_DORA_CHECKS,
    *_DETAIL_CHECKS,
]
