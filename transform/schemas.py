"""The tables this room reads (marts) and writes (metrics): columns, types, keys, meanings.

Everything else derives from here: the reads, the DDL with its comments, the Spark schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from transform.coverage_reasons import REASONS

MARTS = "marts"
METRICS = "metrics"

# Raised whenever a number may come out different from the same marts; docs/decisions/0007 says
# what each version means.
DEFINITION_VERSION = 3

SPARK_TYPES: dict[str, DataType] = {
    "text": StringType(),
    "bigint": LongType(),
    "double precision": DoubleType(),
    "boolean": BooleanType(),
    "timestamptz": TimestampType(),
    "date": DateType(),
    "text[]": ArrayType(StringType()),
}


ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "timestamptz": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "text[]": pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Column:
    """A column; `type` is PostgreSQL's name of the type."""

    name: str
    type: str
    nullable: bool = True
    description: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `grain` says what one row is, `key` what makes it unique."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    grain: str = ""
    key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def full_name(self) -> str:
        """schema.table."""
        return f"{self.schema}.{self.name}"

    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    def spark_schema(self) -> StructType:
        """The schema of the table's DataFrame."""
        return StructType(
            [StructField(column.name, SPARK_TYPES[column.type]) for column in self.columns]
        )

    def arrow_schema(self) -> pa.Schema:
        """The schema of the table's Arrow batches."""
        return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self.columns])

    def ddl(self, described: Mapping[str, str] | None = None) -> list[str]:
        """Statements that create the table, or bring the one that is there up to date.

        `described`: column → its comment, "" → the table's, as they are; None: no table yet.
        """
        statements = []
        if described is None:
            lines = [
                f'"{c.name}" {c.type}{"" if c.nullable else " not null"}' for c in self.columns
            ]
            if self.key:
                lines.append(f"primary key ({_quoted(self.key)})")
            statements.append(f"create table {self.full_name} ({', '.join(lines)})")
            statements += [
                f'create index "{self.name}_{"_".join(index)}_idx" '
                f"on {self.full_name} ({_quoted(index)})"
                for index in self.indexes
            ]
        else:
            # Nullable, since the rows of the release before have no value for it.
            statements += [
                f'alter table {self.full_name} add column "{c.name}" {c.type}'
                for c in self.columns
                if c.name not in described
            ]
        now = described or {}
        if self.grain != now.get("", ""):
            statements.append(f"comment on table {self.full_name} is {_literal(self.grain)}")
        statements += [
            f'comment on column {self.full_name}."{c.name}" is {_literal(c.description)}'
            for c in self.columns
            if c.description != now.get(c.name, "")
        ]
        return statements


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_SHORT = {
    "t": "text",
    "i": "bigint",
    "f": "double precision",
    "b": "boolean",
    "ts": "timestamptz",
    "d": "date",
    "t[]": "text[]",
}


def _input(name: str, columns: str) -> Table:
    """An input from words `column:type`, types as in _SHORT, text where none is given."""
    parsed = []
    for word in columns.split():
        column, _, short = word.partition(":")
        parsed.append(Column(column, _SHORT[short or "t"]))
    return Table(MARTS, name, tuple(parsed))


# Only the columns that are used; dbt's tables have more.
INPUTS: dict[str, Table] = {
    table.name: table
    for table in (
        _input("dim_organizations", "organization_id name"),
        _input("dim_teams", "team_id organization_id name parent_team_id"),
        _input("dim_developers", "developer_id is_bot:b"),
        _input("dim_repositories", "repository_id organization_id full_name"),
        _input(
            "dim_services",
            "service_id organization_id name team_id has_deployment_source:b has_incident_source:b",
        ),
        _input("bridge_service_repositories", "service_id repository_id path_prefix"),
        _input("bridge_commit_services", "repository_id sha service_id"),
        _input(
            "fct_commits",
            "repository_id sha author_id authored_at:ts committed_at:ts parent_shas:t[] "
            "message_headline is_on_default_branch:b pull_request_id",
        ),
        _input(
            "fct_pull_requests",
            "pull_request_id repository_id number:i author_id is_bot:b head_sha merge_commit_sha "
            "is_hotfix:b is_revert:b created_at:ts ready_at:ts first_commit_at:ts "
            "first_review_at:ts first_approved_at:ts merged_at:ts "
            "commits_after_first_review_count:i merged_to_default_branch:b",
        ),
        _input("bridge_pull_request_commits", "pull_request_id repository_id sha"),
        _input("bridge_pull_request_reverts", "pull_request_id reverted_pull_request_id"),
        _input("bridge_commit_reverts", "repository_id sha reverted_pull_request_id reverted_sha"),
        _input("bridge_pull_request_issues", "pull_request_id issue_id is_work:b"),
        _input(
            "fct_deployments",
            "deployment_id repository_id service_id environment environment_tier status "
            "commit_sha started_at:ts finished_at:ts",
        ),
        _input(
            "fct_incidents",
            "incident_id service_id repository_id opened_at:ts resolved_at:ts issue_id",
        ),
        _input(
            "bridge_incident_references",
            "incident_id kind deployment_id repository_id commit_sha pull_request_id",
        ),
        _input(
            "dim_metric_settings",
            "organization_id timezone week_starts_on history_since:ts "
            "incident_link_window_hours:f baseline_window_hours:f revert_counts_as_failure:b "
            "minimum_sample:i exclude_bots:b bands_year:i",
        ),
        _input(
            "dora_bands",
            "year:i metric band from_value:f to_value:f from_inclusive:b to_inclusive:b",
        ),
    )
}


def columns_of(lines: str) -> list[Column]:
    """Columns from lines `column type description`; a type ending in ! is not null."""
    columns = []
    for line in lines.strip().splitlines():
        column, short, description = line.strip().split(maxsplit=2)
        columns.append(
            Column(column, _SHORT[short.rstrip("!")], not short.endswith("!"), description)
        )
    return columns


def _output(
    name: str, grain: str, key: str, lines: str, indexes: tuple[tuple[str, ...], ...] = ()
) -> Table:
    """An output from lines (columns_of), with the stamps."""
    columns = columns_of(lines)
    columns.append(
        Column("definition_version", "bigint", False, "Version of the definitions used.")
    )
    told = "When the row was computed; it keeps this while later computations find the same."
    columns.append(Column("computed_at", "timestamptz", False, told))
    return Table(METRICS, name, tuple(columns), grain, tuple(key.split()), indexes)


# reason → what it counts; the rows of linkage_coverage use these and no others.
COVERAGE_REASONS: dict[str, str] = {reason.name: reason.meaning for reason in REASONS}

UNKNOWN_SERVICE = "unknown"

DEPLOYMENT_CHANGES = _output(
    "deployment_changes",
    "One change in the production deployment that shipped it first, per service and environment.",
    "deployment_id change_id",
    """
    deployment_id t! Deployment that shipped the change.
    service_id t! Service deployed; "unknown" if the deployment belongs to none.
    environment t! Production environment deployed to.
    repository_id t! Repository of the change.
    change_kind t! pull_request, or commit: one of the default branch that belongs to none.
    change_id t! Id of the pull request, or hash of the commit.
    pull_request_id t The pull request; null for a commit.
    commit_sha t! Commit by which the change was found in the deployment.
    first_commit_at ts Earliest authored time among the change's commits.
    merged_at ts! When it was merged; committed, for a commit.
    deployed_at ts! When the deployment finished.
    lead_time_hours f deployed_at - first_commit_at; null if negative or not known.
    link_method t! merge_commit, head_commit or title (pull requests), commit (commits).
    is_bot b! Written by a bot.
    is_baseline b! Shipped by the first observed deployment (its own commit or baseline window).
    """,
    (("pull_request_id",), ("service_id", "deployed_at"), ("commit_sha",)),
)

PULL_REQUEST_CYCLE = _output(
    "pull_request_cycle",
    "One merged pull request with the phases of its way to production.",
    "pull_request_id",
    """
    pull_request_id t! The pull request.
    repository_id t! Its repository.
    service_id t Service that deployed it first; else the only service it can be of.
    author_id t Who wrote it.
    is_bot b! Written by a bot; such rows are not in the phase medians of metrics.dora.
    first_commit_at ts Earliest authored time among its commits.
    opened_at ts When it was opened, ready for review.
    first_review_at ts First review or comment by a human who is not the author.
    first_approved_at ts First approval.
    merged_at ts! When it was merged.
    deployment_id t First production deployment that shipped it.
    deployed_at ts When that deployment finished.
    coding_hours f first_commit_at to opened_at.
    pickup_hours f opened_at to first_review_at.
    review_hours f first_review_at to merged_at.
    deploy_hours f merged_at to deployed_at.
    cycle_hours f first_commit_at to deployed_at; null while not deployed.
    approval_hours f opened_at to first_approved_at.
    rework_commit_count i Commits pushed after the first review.
    """,
    (("deployment_id",), ("service_id", "merged_at"), ("author_id",)),
)

DEPLOYMENT_OUTCOMES = _output(
    "deployment_outcomes",
    "One production deployment and what came of it.",
    "deployment_id",
    """
    deployment_id t! The deployment.
    service_id t! Service deployed; "unknown" if the deployment belongs to none.
    repository_id t! Repository deployed.
    environment t! Production environment deployed to.
    commit_sha t Commit deployed.
    finished_at ts! When it finished.
    position i! 1 for the first of its service, environment and repository.
    previous_deployment_id t The one before it, there.
    change_count i! Changes it shipped.
    is_failed b! An incident is linked to it, or it was rolled back, or a change of it reverted.
    failure_reasons t[]! incident, rollback, revert: all that hold, in this order.
    incident_ids t[]! Incidents linked to it.
    link_method t How: explicit_deployment, explicit_commit, explicit_pull_request or window; \
the first of these that holds; null without an incident.
    recovered_at ts Latest resolution of its incidents once all are resolved; without any, when \
the rollback or revert was deployed.
    recovered_by_deployment_id t The rollback or revert deployment, if it ended the failure.
    recovery_hours f recovered_at - finished_at; null if negative.
    is_rework b! Unplanned.
    rework_reasons t[]! hotfix, revert, incident_fix, rollback: all that hold, in this order.
    is_rollback b! Goes back: an ancestor of the previous commit, or one deployed earlier.
    is_baseline b! The first observed deployment.
    is_commit_known b! Its commit is among the commits known.
    """,
    (("service_id", "finished_at"), ("previous_deployment_id",)),
)

INCIDENT_OUTCOMES = _output(
    "incident_outcomes",
    "One incident as it was known, and the production deployments that it was linked to.",
    "incident_id",
    """
    incident_id t! The incident.
    service_id t Service it happened in; null when unknown.
    repository_id t Repository it was filed in; null for Jira's.
    opened_at ts! When it was opened.
    resolved_at ts When it was resolved; null while it is open.
    restore_hours f resolved_at - opened_at; null if negative or open.
    reason t! How it was linked or why not; linkage_coverage counts these.
    link_method t explicit_deployment, explicit_commit, explicit_pull_request or window; the first \
of these that holds; null if it was linked to none.
    deployment_ids t[]! Deployments it counts against.
    """,
    (("service_id", "opened_at"),),
)

LINKAGE_COVERAGE = _output(
    "linkage_coverage",
    "How many changes, deployments or incidents of one service could be linked, or why not.",
    "service_id reason",
    """
    service_id t! Service; "unknown" for rows that belong to none.
    reason t! What was counted; the table below says what each means and what to do about it.
    row_count i! How many.
    """,
)

ENTITY_MEMBERS = _output(
    "entity_members",
    "One service or repository whose rows one organization, team, service or repository pools.",
    "via member_id entity_type entity_id",
    """
    via t! service or repository: which of a row's two ids is meant.
    member_id t! That service's or repository's id.
    entity_type t! organization, team, service or repository.
    entity_id t! Id of the entity that counts the row; once, however many of its members it has.
    has_incident_source b An incident rule holds for the service: only then do its deployments \
count in change fail rate and recovery time. Null for repositories.
    """,
    (("entity_type", "entity_id"),),
)

COMPUTATION = _output(
    "computation",
    "One row: as of when, and with which settings, the numbers were computed.",
    "organization_id",
    """
    organization_id t! The organization.
    as_of ts! What happened later had not happened.
    timezone t! IANA name of the time zone in which periods are cut.
    week_starts_on t! Day on which weeks start, monday to sunday.
    history_since ts! No period starts before the one with this moment.
    incident_link_window_hours f Longest time from a deployment to an incident; null is unlimited.
    baseline_window_hours f! How long before the first deployment a merge may be to count as its.
    revert_counts_as_failure b! Whether a revert makes the deployment of what it reverts a failure.
    minimum_sample i! Fewer rows than this give a value without a band.
    exclude_bots b! Whether bots' pull requests are left out of the DORA metrics too.
    bands_year i! Year of the published bands.
    """,
)

DORA = _output(
    "dora",
    "One value: an entity, an environment, a period and a metric.",
    "entity_type entity_id environment grain period_start metric",
    """
    entity_type t! organization, team, service or repository.
    entity_id t! Its id.
    environment t! production (all of them pooled), or production:<name> where there are several.
    grain t! day, week, month, quarter, rolling_30d or rolling_90d.
    period_start d! First day, in the organization's time zone.
    period_end d! The day after the last.
    is_partial b! Not over yet.
    metric t! What was measured.
    value f The number; null unless status is ok or insufficient_data.
    unit t! per day, hours or ratio.
    mean f Mean of the hours; beside the median, never instead of it.
    p75 f 75th percentile of the hours.
    p90 f 90th percentile of the hours.
    p95 f 95th percentile of the hours.
    numerator f Rates: rows counted. Medians: rows with a span.
    denominator f Frequency: days elapsed. Ratios: deployments. Medians: rows, with a span or not.
    sample_size i! Rows behind the value.
    open_count i Failed deployments not recovered yet (recovery time only).
    deployment_days i Days with a deployment (deployment frequency only).
    typical_gap_hours f Median hours between deployments (deployment frequency only).
    status t! ok, insufficient_data, no_data or no_source.
    band t low, medium, high or elite; null unless status is ok.
    band_year i Year of the published bands; null without a band.
    """,
    (("metric", "grain", "period_start"),),
)

# Written with the others, but of use to the next computation only.
COMPUTED_UNITS = _output(
    "computed_units",
    "Repositories and services that nothing ties to others, as last computed: what has the same \
fingerprint at the next computation keeps its rows.",
    "fingerprint",
    """
    fingerprint t! What their facts, the settings and the definitions come to.
    nodes t[]! The repositories and services, as repository:<id> and service:<id>.
    """,
)

OUTPUTS: dict[str, Table] = {
    table.name: table
    for table in (
        DEPLOYMENT_CHANGES,
        PULL_REQUEST_CYCLE,
        DEPLOYMENT_OUTCOMES,
        INCIDENT_OUTCOMES,
        LINKAGE_COVERAGE,
        ENTITY_MEMBERS,
        COMPUTATION,
        DORA,
    )
}
