"""Views of schema metrics for analysts: the rows behind every number.

`dora_facts` stands on metrics tables alone, so that it tells of the same run as metrics.dora.
`dora_facts_described` adds labels from the marts, which dbt drops and makes anew: it reads them
through a function whose text is looked up when it is called, so that nothing hangs on a mart.
docs/decisions/0020 says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from transform.schemas import METRICS, Column, columns_of

_HOUR = "3600000000::double precision"


@dataclass(frozen=True)
class View:
    """A view; `grain` says what one row is. `columns` may only ever grow at their end.

    `is_late`: the query is looked up when it is asked, not bound to the tables it names.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    query: str
    is_late: bool = False

    @property
    def full_name(self) -> str:
        """schema.view."""
        return f"{METRICS}.{self.name}"

    @property
    def mark(self) -> str:
        """Changes with anything of the view."""
        described = [f"{c.name} {c.type} {c.description}" for c in self.columns]
        text = "\n".join([self.grain, self.query, *described])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def comment(self) -> str:
        """What the database says of it; the mark at its end tells whether it is up to date."""
        return f"{self.grain} [{self.mark}]"

    def ddl(self) -> list[str]:
        """Statements that create it, or replace what is there; views of others on it stay."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        statements, query = [], self.query
        if self.is_late:
            # A function of its own per version, since the columns of one can't be added to.
            function = f"{self.full_name}_{self.mark}"
            returned = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
            statements.append(
                f"create or replace function {function}() returns table ({returned}) "
                # Stable and plain SQL: the planner puts the text in the place of the call.
                f"language sql stable rows 10000 as $text${query}$text$"
            )
            query = f"select * from {function}()"
        statements.append(f"create or replace view {self.full_name} ({names}) as {query}")
        statements.append(f"comment on view {self.full_name} is {_literal(self.comment)}")
        statements += [
            f'comment on column {self.full_name}."{c.name}" is {_literal(c.description)}'
            for c in self.columns
        ]
        return statements


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def prepare_views(connection: psycopg.Connection[Any], views: Sequence[View]) -> None:
    """Create the views, or replace those that changed; what is up to date is not touched."""
    for view in views:
        row = connection.execute(
            "select pg_catalog.obj_description(to_regclass(%s), 'pg_class')", (view.full_name,)
        ).fetchone()
        if row is not None and row[0] == view.comment:
            continue
        with connection.transaction():
            # The marts that its text names may not be there yet, or just now be replaced.
            connection.execute("set local check_function_bodies = off")
            for statement in view.ddl():
                connection.execute(statement.encode())
            _drop_older(connection, view)


def _drop_older(connection: psycopg.Connection[Any], view: View) -> None:
    """Drop the functions that earlier versions of the view stood on."""
    older = connection.execute(
        "select proname from pg_catalog.pg_proc "
        "where pronamespace = to_regnamespace(%s) and proname ~ %s and proname != %s",
        (METRICS, f"^{view.name}_[0-9a-f]{{12}}$", f"{view.name}_{view.mark}"),
    ).fetchall()
    for (name,) in older:
        connection.execute(sql.SQL("drop function {}()").format(sql.Identifier(METRICS, name)))


def _hours(start: str, end: str) -> str:
    # To the last digit as transform.durations: whole microseconds, divided once.
    micros = f"(extract(epoch from {end} - {start}) * 1000000)::bigint::double precision"
    return f"case when {end} >= {start} then {micros} / {_HOUR} end"


def _observed(
    metric: str,
    rows: str,
    *,
    thing: str,
    happened_at: str,
    hours: str = "null",
    is_hit: str = "null",
    is_open: str = "null",
    ids: str = "null, null, null, null",
    environment: str = "null",
    where: str = "true",
) -> str:
    """The rows of one metric, as transform/dora has them; `ids`: of deployment, pull request,
    commit and incident."""
    return f"""
    select
        '{metric}'::text as metric, {thing} as fact_id, f.service_id, f.repository_id,
        {environment}::text as environment_name, {happened_at} as happened_at,
        ({hours})::double precision as hours, {is_hit}::boolean as is_hit,
        {is_open}::boolean as is_open, {ids}
    from {rows}
    where {where}"""


_DEPLOYMENT = {
    "rows": "metrics.deployment_outcomes as f",
    "thing": "f.deployment_id",
    "happened_at": "f.finished_at",
    "environment": "f.environment",
    # The first rows of the union: they name the columns.
    "ids": "f.deployment_id, null::text as pull_request_id, f.commit_sha,"
    " null::text as incident_id",
}
_CHANGE = {
    "rows": "metrics.deployment_changes as f",
    "thing": "coalesce(f.pull_request_id, f.repository_id || ':' || f.commit_sha)",
    "happened_at": "f.deployed_at",
    "environment": "f.environment",
    "ids": "f.deployment_id, f.pull_request_id, f.commit_sha, null",
}
_MERGED = {
    "rows": "metrics.pull_request_cycle as f",
    "thing": "f.pull_request_id",
    "happened_at": "f.merged_at",
    "ids": "f.deployment_id, f.pull_request_id, null, null",
    "where": "not f.is_bot",
}
# Without an incident source a deployment that failed can't be told from one that did not.
_JUDGED = """exists (
        select from metrics.entity_members as s
        where s.via = 'service' and s.entity_type = 'service' and s.member_id = f.service_id
            and s.entity_id = f.service_id and s.has_incident_source
    )"""

_OBSERVED = "\n    union all".join(
    [
        _observed("deployment_frequency", **_DEPLOYMENT),
        _observed(
            "change_lead_time",
            **_CHANGE,
            hours="f.lead_time_hours",
            where="not (f.is_bot and (select c.exclude_bots from metrics.computation as c))",
        ),
        _observed("change_fail_rate", **_DEPLOYMENT, is_hit="f.is_failed", where=_JUDGED),
        _observed(
            "failed_deployment_recovery_time",
            **_DEPLOYMENT,
            hours="f.recovery_hours",
            is_open="(f.recovered_at is null)",
            where=f"f.is_failed and {_JUDGED}",
        ),
        _observed("deployment_rework_rate", **_DEPLOYMENT, is_hit="f.is_rework"),
        _observed(
            "time_to_restore_service",
            "metrics.incident_outcomes as f",
            thing="f.incident_id",
            happened_at="f.resolved_at",
            hours="f.restore_hours",
            ids="null, null, null, f.incident_id",
            where="f.resolved_at is not null",
        ),
        _observed("coding_time", **_MERGED, hours="f.coding_hours"),
        _observed("pickup_time", **_MERGED, hours="f.pickup_hours"),
        _observed("review_time", **_MERGED, hours="f.review_hours"),
        _observed(
            "deploy_time",
            **_CHANGE,
            hours=_hours("f.merged_at", "f.deployed_at"),
            where="f.change_kind = 'pull_request' and not f.is_bot",
        ),
    ]
)

# A thing counts once per entity, at its first time: `distinct on`, whose columns are those that
# a reader restricts, so that the restriction reaches the tables.
_FACTS = f"""
with observed as ({_OBSERVED}
),

several as (
    select m.entity_type, m.entity_id
    from metrics.deployment_outcomes as o
    cross join lateral (values ('service', o.service_id), ('repository', o.repository_id))
        as k (via, member_id)
    inner join metrics.entity_members as m on k.via = m.via and k.member_id = m.member_id
    group by m.entity_type, m.entity_id
    having count(distinct o.environment) > 1
)

select distinct on (o.metric, m.entity_type, m.entity_id, e.environment, o.fact_id)
    o.metric, m.entity_type, m.entity_id, e.environment, o.fact_id,
    o.deployment_id, o.pull_request_id, o.commit_sha, o.incident_id,
    o.service_id, o.repository_id, o.environment_name,
    o.happened_at, (o.happened_at at time zone c.timezone)::date as local_date,
    o.hours, o.is_hit, o.is_open,
    case
        when o.metric in (
            'deployment_frequency', 'change_fail_rate', 'deployment_rework_rate'
        ) then true
        else o.hours is not null
    end as in_sample
from observed as o
cross join lateral (values ('service', o.service_id), ('repository', o.repository_id))
    as k (via, member_id)
inner join metrics.entity_members as m on k.via = m.via and k.member_id = m.member_id
cross join metrics.computation as c
left join several as s on m.entity_type = s.entity_type and m.entity_id = s.entity_id
cross join lateral (
    select 'production'::text
    union all
    select 'production:' || o.environment_name
    where s.entity_id is not null and o.environment_name is not null
) as e (environment)
order by
    o.metric, m.entity_type, m.entity_id, e.environment, o.fact_id,
    o.happened_at, o.environment_name collate "C", o.deployment_id collate "C"
"""

FACTS = View(
    "dora_facts",
    "One thing that one number of metrics.dora counts: a deployment, change, pull request or "
    "incident of one entity, environment and metric. The number of a period is made of the rows "
    "with period_start <= local_date < period_end.",
    tuple(
        columns_of(
            """
            metric t! Name of the metric, as in metrics.dora.
            entity_type t! organization, team, service or repository.
            entity_id t! Its id.
            environment t! production (all of them pooled), or production:<name>.
            fact_id t! Id of what is counted; a direct push: repository and hash.
            deployment_id t Deployment counted, or that shipped what is counted.
            pull_request_id t Pull request counted.
            commit_sha t Commit deployed, or by which the change was found.
            incident_id t Incident counted (time_to_restore_service).
            service_id t Service that the row is of.
            repository_id t Repository that the row is of.
            environment_name t Environment deployed to; null where there is none.
            happened_at ts! When it counts: deployed, merged or resolved.
            local_date d! That day in the organization's time zone.
            hours f Its span; null where the metric has none, or if it is negative or can't be told.
            is_hit b Failed, or unplanned (the two rates); null elsewhere.
            is_open b Failed and not recovered yet (recovery time); null elsewhere.
            in_sample b! It is one of sample_size: its span is known, or the metric needs none.
            """
        )
    ),
    _FACTS,
)


def _page(gitlab: str, github: str, last: str) -> str:
    return f"r.url || case r.source when 'gitlab' then '{gitlab}' else '{github}' end || {last}"


_DESCRIBED = f"""
select
    f.metric, f.entity_type, f.entity_id, f.environment, f.fact_id, f.happened_at, f.local_date,
    f.hours, f.is_hit, f.is_open, f.in_sample,
    s.name, r.full_name, f.environment_name,
    f.deployment_id, f.pull_request_id, f.commit_sha, f.incident_id,
    coalesce(p.number, i.number), i.key,
    case
        when f.incident_id is not null then i.url
        when p.number is not null then {_page("/-/merge_requests/", "/pull/", "p.number")}
        when f.fact_id = f.deployment_id then l.link
        else {_page("/-/commit/", "/commit/", "f.commit_sha")}
    end,
    l.link,
    coalesce(x.link_method, j.link_method, case when f.fact_id = o.deployment_id then
        o.link_method end),
    coalesce(x.first_commit_at, y.first_commit_at),
    coalesce(y.opened_at, j.opened_at), y.first_review_at, coalesce(x.merged_at, y.merged_at),
    coalesce(o.finished_at, y.deployed_at), j.resolved_at,
    y.coding_hours, y.pickup_hours, y.review_hours,
    case
        when x.change_id is null then y.deploy_hours
        when x.change_kind = 'pull_request' then {_hours("x.merged_at", "x.deployed_at")}
    end,
    case when f.fact_id = o.deployment_id then o.failure_reasons end,
    case when f.fact_id = o.deployment_id then o.rework_reasons end,
    case when f.fact_id = o.deployment_id then o.incident_ids end,
    case when f.fact_id = o.deployment_id then o.recovered_at end,
    case when f.fact_id = o.deployment_id then o.change_count end,
    j.deployment_ids
from metrics.dora_facts as f
left join metrics.deployment_outcomes as o on f.deployment_id = o.deployment_id
left join metrics.deployment_changes as x
    on f.metric in ('change_lead_time', 'deploy_time') and f.deployment_id = x.deployment_id
    and x.change_id = coalesce(f.pull_request_id, f.commit_sha)
left join metrics.pull_request_cycle as y on f.pull_request_id = y.pull_request_id
left join metrics.incident_outcomes as j on f.incident_id = j.incident_id
left join marts.dim_services as s on f.service_id = s.service_id
left join marts.dim_repositories as r on f.repository_id = r.repository_id
left join marts.fct_pull_requests as p on f.pull_request_id = p.pull_request_id
left join marts.fct_deployments as d on f.deployment_id = d.deployment_id
left join marts.fct_incidents as n on f.incident_id = n.incident_id
left join marts.fct_issues as i on n.issue_id = i.issue_id
left join lateral (
    select
        case
            when d.detected_by ~ 'release$' and d.ref_name is not null
                then {_page("/-/releases/", "/releases/tag/", "d.ref_name")}
            when d.detected_by ~ 'tag$' and d.ref_name is not null
                then {_page("/-/tags/", "/releases/tag/", "d.ref_name")}
            when d.commit_sha is not null
                then {_page("/-/commit/", "/commit/", "d.commit_sha")}
        end
) as l (link) on true
"""

DESCRIBED = View(
    "dora_facts_described",
    "One row of metrics.dora_facts with what people need to find and judge it: names, numbers, "
    "links, phases, reasons.",
    tuple(
        columns_of(
            """
            metric t! Name of the metric, as in metrics.dora.
            entity_type t! organization, team, service or repository.
            entity_id t! Its id.
            environment t! production (all of them pooled), or production:<name>.
            fact_id t! Id of what is counted; a direct push: repository and hash.
            happened_at ts! When it counts: deployed, merged or resolved.
            local_date d! That day in the organization's time zone.
            hours f Its span; null where the metric has none, or if it is negative or can't be told.
            is_hit b Failed, or unplanned (the two rates); null elsewhere.
            is_open b Failed and not recovered yet (recovery time); null elsewhere.
            in_sample b! It is one of sample_size.
            service t Name of the service that the row is of.
            repository t Full name of the repository that the row is of.
            environment_name t Environment deployed to; null where there is none.
            deployment_id t Deployment counted, or that shipped what is counted.
            pull_request_id t Pull request counted.
            commit_sha t Commit deployed, or by which the change was found.
            incident_id t Incident counted.
            number i Number of the pull request or issue.
            issue_key t Key of the incident's issue.
            link t Page of what is counted; a deployment's is that of its release, tag or commit.
            deployment_link t Page of the deployment's release, tag or commit.
            link_method t How the change was found in the deployment, or the incident was linked.
            first_commit_at ts Earliest authored time among the change's commits.
            opened_at ts When the pull request was ready for review, or the incident opened.
            first_review_at ts First response by a human who is not the author.
            merged_at ts When it was merged; committed, for a direct push.
            deployed_at ts When the deployment finished.
            resolved_at ts When the incident was resolved.
            coding_hours f Phase of a pull request: first_commit_at to opened_at.
            pickup_hours f Phase: opened_at to first_review_at.
            review_hours f Phase: first_review_at to merged_at.
            deploy_hours f Phase: merged_at to deployed_at.
            failure_reasons t[] Of a deployment: incident, rollback, revert.
            rework_reasons t[] Of a deployment: hotfix, revert, incident_fix, rollback.
            incident_ids t[] Of a deployment: incidents linked to it.
            recovered_at ts Of a deployment that failed: when it was over.
            change_count i Of a deployment: changes it shipped.
            deployment_ids t[] Of an incident: deployments that it counts against.
            """
        )
    ),
    _DESCRIBED,
    is_late=True,
)

VIEWS: tuple[View, ...] = (FACTS, DESCRIBED)
