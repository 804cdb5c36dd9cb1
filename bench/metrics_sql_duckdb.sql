-- The metrics of bench/transform_marts.py's companies as DuckDB's SQL, to be compared with transform.
--
-- The same as metrics_sql_postgres.sql, in what DuckDB does best: keyed recursion, as-of joins.
-- Written in the schema sql_metrics; {as_of} is put in by bench/metrics_sql.py.
-- phase: graph
create table sql_metrics.node as
select
    repository_id, sha, authored_at, committed_at, pull_request_id, is_on_default_branch,
    row_number() over ()::int as id
from marts.fct_commits;
create table sql_metrics.edge as
select child.id as child, parent.id as parent
from marts.fct_commits as c
cross join lateral unnest(c.parent_shas) as p (sha)
inner join sql_metrics.node as child on c.sha = child.sha and c.repository_id = child.repository_id
inner join sql_metrics.node as parent
    on p.sha = parent.sha and c.repository_id = parent.repository_id;
create table sql_metrics.step as
select
    d.*, n.id as node,
    (row_number() over (order by d.service_id, d.environment, d.finished_at, d.deployment_id))::int
        as step,
    row_number() over its as position,
    lag(d.deployment_id) over its as previous_deployment_id,
    lag(d.commit_sha) over its as previous_sha,
    lag(n.id) over its as previous_node,
    (row_number() over its) = 1 as is_baseline
from marts.fct_deployments as d
inner join sql_metrics.node as n on d.commit_sha = n.sha and d.repository_id = n.repository_id
where d.environment_tier = 'production' and d.status = 'success' and d.finished_at <= {as_of}
window its as (
    partition by d.service_id, d.environment, d.repository_id
    order by d.finished_at, d.deployment_id
);
-- The earliest step that reaches a node; what a later one brings is not passed on.
create table sql_metrics.reached as
with recursive reach (node, step) using key (node) as (
    select s.node, min(s.step) as step from sql_metrics.step as s group by s.node
    union
    select e.parent, min(r.step) as step
    from reach as r
    inner join sql_metrics.edge as e on r.node = e.child
    left join recurring.reach as known on e.parent = known.node
    where known.step is null or r.step < known.step
    group by e.parent
)

select node, step from reach;
-- Of the steps that return to what was reached before: whether the previous descends from them.
create table sql_metrics.ancestry as
with recursive asked as (
    select s.step, s.node, s.previous_node
    from sql_metrics.step as s
    inner join sql_metrics.reached as first on s.node = first.node
    where s.position > 1 and first.step < s.step
        and s.commit_sha is distinct from s.previous_sha
),

above (step, node) as (
    select step, previous_node from asked
    union
    select a.step, e.parent
    from above as a
    inner join sql_metrics.edge as e on a.node = e.child
)

select a.step
from asked as a
inner join above as b on a.step = b.step and a.node = b.node;
-- Whether a step goes back: to what was deployed before, or to an ancestor of the previous.
create table sql_metrics.walk as
select
    s.*,
    s.commit_sha is distinct from s.previous_sha and s.position > 1 and first.step < s.step
    and (ancestry.step is not null or s.position > s.first_position) as is_rollback
from (
    select
        s.*,
        min(s.position) over (
            partition by s.service_id, s.environment, s.repository_id, s.commit_sha
        ) as first_position
    from sql_metrics.step as s
) as s
inner join sql_metrics.reached as first on s.node = first.node
left join sql_metrics.ancestry as ancestry on s.step = ancestry.step;
-- phase: details
create table sql_metrics.deployment_changes as
with changes as (
    select
        repository_id, merge_commit_sha as sha, 'pull_request' as change_kind,
        pull_request_id as change_id, pull_request_id, first_commit_at, merged_at, is_bot
    from marts.fct_pull_requests
    where merged_at <= {as_of}
    union all
    select repository_id, sha, 'commit', sha, null, authored_at, committed_at, false
    from sql_metrics.node
    where is_on_default_branch and pull_request_id is null
)

select
    w.deployment_id, w.service_id, w.environment, c.repository_id, c.change_kind, c.change_id,
    c.pull_request_id, c.sha as commit_sha, c.first_commit_at, c.merged_at,
    w.finished_at as deployed_at, c.is_bot, w.is_baseline,
    case when w.finished_at >= c.first_commit_at
        then (epoch_us(w.finished_at) - epoch_us(c.first_commit_at)) / 3600000000 end as lead_time_hours
from changes as c
inner join sql_metrics.node as n on c.sha = n.sha and c.repository_id = n.repository_id
inner join sql_metrics.reached as r on n.id = r.node
inner join sql_metrics.walk as w on r.step = w.step
where not w.is_baseline or (c.change_kind = 'pull_request' and w.commit_sha = c.sha);
create table sql_metrics.pull_request_cycle as
select
    p.pull_request_id, p.repository_id, coalesce(s.service_id, b.service_id) as service_id,
    p.is_bot, p.merged_at, s.deployment_id, s.deployed_at,
    case when p.ready_at >= p.first_commit_at
        then (epoch_us(p.ready_at) - epoch_us(p.first_commit_at)) / 3600000000 end as coding_hours,
    case when p.first_review_at >= p.ready_at
        then (epoch_us(p.first_review_at) - epoch_us(p.ready_at)) / 3600000000 end as pickup_hours,
    case when p.merged_at >= p.first_review_at
        then (epoch_us(p.merged_at) - epoch_us(p.first_review_at)) / 3600000000 end as review_hours
from marts.fct_pull_requests as p
inner join marts.bridge_service_repositories as b on p.repository_id = b.repository_id
left join (
    select
        change_id,
        min((deployed_at, deployment_id, service_id)) as first,
        first[1] as deployed_at, first[2] as deployment_id, first[3] as service_id
    from sql_metrics.deployment_changes group by change_id
) as s on p.pull_request_id = s.change_id
where p.merged_at <= {as_of};
create table sql_metrics.incident_links as
with named as (
    select r.incident_id, w.deployment_id
    from marts.bridge_incident_references as r
    inner join marts.fct_incidents as i on r.incident_id = i.incident_id
    inner join sql_metrics.walk as w on r.deployment_id = w.deployment_id
    where r.kind = 'deployment' and least(w.started_at, w.finished_at) <= i.opened_at
        and i.opened_at <= {as_of}
)

select incident_id, deployment_id from named
union
select i.incident_id, w.deployment_id
from marts.fct_incidents as i
asof join sql_metrics.walk as w on i.service_id = w.service_id and i.opened_at > w.finished_at
where i.opened_at <= {as_of} and w.finished_at >= i.opened_at - interval '168 hours'
    and i.incident_id not in (select incident_id from named);
create table sql_metrics.deployment_outcomes as
with incidents as (
    select
        l.deployment_id, bool_or(i.resolved_at is null or i.resolved_at > {as_of}) as is_open,
        max(i.resolved_at) as resolved_at
    from sql_metrics.incident_links as l
    inner join marts.fct_incidents as i on l.incident_id = i.incident_id
    group by l.deployment_id
),

reverts as (
    select s.deployment_id, min(r.deployed_at) as reverted_at
    from marts.bridge_pull_request_reverts as b
    inner join sql_metrics.deployment_changes as r on b.pull_request_id = r.change_id
    inner join sql_metrics.deployment_changes as s
        on b.reverted_pull_request_id = s.change_id and r.service_id = s.service_id
        and r.environment = s.environment
    where s.deployed_at < r.deployed_at and r.deployed_at <= s.deployed_at + interval '168 hours'
    group by s.deployment_id
),

rollbacks as (
    select previous_deployment_id as deployment_id, finished_at as rolled_back_at
    from sql_metrics.walk where is_rollback
),

hotfixes as (
    select c.deployment_id
    from sql_metrics.deployment_changes as c
    inner join marts.fct_pull_requests as p on c.pull_request_id = p.pull_request_id
    where p.is_hotfix or p.is_revert group by c.deployment_id
)

select
    w.deployment_id, w.service_id, w.repository_id, w.environment, w.finished_at, w.position,
    i.deployment_id is not null or v.deployment_id is not null or b.deployment_id is not null
        as is_failed,
    w.is_rollback or h.deployment_id is not null as is_rework,
    case when i.deployment_id is not null then case when not i.is_open then i.resolved_at end
        else least(v.reverted_at, b.rolled_back_at) end as recovered_at
from sql_metrics.walk as w
left join incidents as i on w.deployment_id = i.deployment_id
left join reverts as v on w.deployment_id = v.deployment_id
left join rollbacks as b on w.deployment_id = b.deployment_id
left join hotfixes as h on w.deployment_id = h.deployment_id;
-- phase: dora
create table sql_metrics.observed as
select
    o.*, (o.happened_at at time zone 'Europe/Berlin')::date as local_date
from (
    select 'deployment_frequency' as metric, service_id, repository_id, deployment_id as thing,
        finished_at as happened_at, null::float8 as hours, false as is_hit, false as is_open
    from sql_metrics.deployment_outcomes
    union all
    select 'change_fail_rate', service_id, repository_id, deployment_id, finished_at, null,
        is_failed, false from sql_metrics.deployment_outcomes
    union all
    select 'deployment_rework_rate', service_id, repository_id, deployment_id, finished_at, null,
        is_rework, false from sql_metrics.deployment_outcomes
    union all
    select 'failed_deployment_recovery_time', service_id, repository_id, deployment_id,
        finished_at,
        case when recovered_at >= finished_at
            then (epoch_us(recovered_at) - epoch_us(finished_at)) / 3600000000 end,
        false, recovered_at is null
    from sql_metrics.deployment_outcomes where is_failed
    union all
    select 'change_lead_time', service_id, repository_id,
        coalesce(pull_request_id, repository_id || ':' || commit_sha), deployed_at,
        lead_time_hours, false, false from sql_metrics.deployment_changes
    union all
    select 'deploy_time', service_id, repository_id, pull_request_id, deployed_at,
        case when deployed_at >= merged_at
            then (epoch_us(deployed_at) - epoch_us(merged_at)) / 3600000000 end, false, false
    from sql_metrics.deployment_changes where change_kind = 'pull_request' and not is_bot
    union all
    select 'coding_time', service_id, repository_id, pull_request_id, merged_at, coding_hours, false,
        false from sql_metrics.pull_request_cycle where not is_bot
    union all
    select 'pickup_time', service_id, repository_id, pull_request_id, merged_at, pickup_hours, false,
        false from sql_metrics.pull_request_cycle where not is_bot
    union all
    select 'review_time', service_id, repository_id, pull_request_id, merged_at, review_hours, false,
        false from sql_metrics.pull_request_cycle where not is_bot
    union all
    select 'time_to_restore_service', service_id, repository_id, incident_id, resolved_at,
        (epoch_us(resolved_at) - epoch_us(opened_at)) / 3600000000, false, false
    from marts.fct_incidents where resolved_at <= {as_of} and opened_at <= {as_of}
) as o;
create table sql_metrics.member as
select 'service' as entity_type, service_id as entity_id, service_id from marts.dim_services
union all
select 'repository', repository_id, service_id from marts.bridge_service_repositories
union all
select 'organization', organization_id, service_id from marts.dim_services
union all
select 'team', team_id, service_id from marts.dim_services
union
select 'team', t.parent_team_id, s.service_id
from marts.dim_services as s
inner join marts.dim_teams as t on s.team_id = t.team_id
where t.parent_team_id is not null;
create table sql_metrics.pooled as
select m.entity_type, m.entity_id, o.metric, o.thing, o.happened_at, o.hours, o.is_hit, o.is_open,
    o.local_date
from sql_metrics.observed as o
inner join sql_metrics.member as m on o.service_id = m.service_id;
create table sql_metrics.period as
with today as (
    select
        (({as_of})::timestamptz at time zone 'Europe/Berlin')::date as midnight,
        (({as_of})::timestamptz at time zone 'Europe/Berlin' - interval '1 microsecond')::date as today,
        ((select history_since from marts.dim_metric_settings) at time zone 'Europe/Berlin')::date
            as begun
),

calendar as (
    select 'day' as grain, d::date as period_start, d::date + 1 as period_end
    from (select unnest(generate_series(begun::timestamp, today, interval 1 day)) as d from today)
    union all
    select 'week', d::date, d::date + 7
    from (
        select unnest(generate_series(date_trunc('week', begun::timestamp), today, interval 7 days))
            as d
        from today
    )
    union all
    select 'month', d::date, (d + interval 1 month)::date
    from (
        select
            unnest(generate_series(date_trunc('month', begun::timestamp), today, interval 1 month))
                as d
        from today
    )
    union all
    select 'quarter', d::date, (d + interval 3 months)::date
    from (
        select
            unnest(
                generate_series(date_trunc('quarter', begun::timestamp), today, interval 3 months)
            ) as d
        from today
    )
),

ends as (
    select d::date as period_end
    from (
        select
            unnest(
                generate_series(
                    date_trunc('week', begun::timestamp) + interval 7 days, midnight,
                    interval 7 days
                )
            ) as d
        from today
    )
    union
    select midnight from today
)

select
    c.*, c.period_end > t.midnight as is_partial,
    (case when c.period_end > t.midnight then t.today + 1 else c.period_end end) - c.period_start
        as days
from calendar as c, today as t
union all
select 'rolling_' || length || 'd', period_end - length, period_end, false, length
from ends, (values (30), (90)) as l (length);
-- A day and every period that it is in: joined by equality, since ranges are compared one by one.
create table sql_metrics.day as
select unnest(
        generate_series(period_start::timestamp, period_end - 1, interval 1 day)
    )::date as local_date, grain, period_start
from sql_metrics.period;
create table sql_metrics.sums as
select
    o.entity_type, o.entity_id, o.metric, p.grain, p.period_start,
    count(*) as row_count, count(o.hours) as span_count,
    count(*) filter (where o.is_hit) as hit_count, count(*) filter (where o.is_open) as open_count,
    avg(o.hours) as mean,
    quantile_disc(o.hours, [0.5, 0.75, 0.9, 0.95]) as percentiles
from sql_metrics.pooled as o
inner join sql_metrics.day as p on o.local_date = p.local_date
group by o.entity_type, o.entity_id, o.metric, p.grain, p.period_start;
create table sql_metrics.dora as
with first as (
    select entity_type, entity_id, min(local_date) as first_day
    from sql_metrics.pooled group by entity_type, entity_id
),

metrics (metric, kind) as (
    values ('deployment_frequency', 'rate'), ('change_lead_time', 'median'),
    ('change_fail_rate', 'ratio'), ('failed_deployment_recovery_time', 'median'),
    ('deployment_rework_rate', 'ratio'), ('time_to_restore_service', 'median'),
    ('coding_time', 'median'), ('pickup_time', 'median'), ('review_time', 'median'),
    ('deploy_time', 'median')
),

counted as (
    select
        f.entity_type, f.entity_id, p.grain, p.period_start, p.period_end, p.is_partial, m.metric,
        m.kind, p.days, coalesce(s.row_count, 0) as row_count, s.mean, s.percentiles,
        case when m.kind = 'median' then coalesce(s.span_count, 0)
            else coalesce(s.row_count, 0) end as sample_size,
        case m.kind when 'rate' then coalesce(s.row_count, 0)
            when 'median' then coalesce(s.span_count, 0)
            else coalesce(s.hit_count, 0) end::float8 as numerator,
        case when m.kind = 'rate' then p.days else coalesce(s.row_count, 0) end::float8
            as denominator
    from first as f
    inner join sql_metrics.period as p on p.period_end > f.first_day
    cross join metrics as m
    left join sql_metrics.sums as s
        on f.entity_type = s.entity_type and f.entity_id = s.entity_id and m.metric = s.metric
        and p.grain = s.grain and p.period_start = s.period_start
),

valued as (
    select
        c.*,
        case when c.kind = 'median' then c.percentiles[1]
            when c.sample_size > 0 then c.numerator / nullif(c.denominator, 0) end as value,
        case when c.sample_size = 0 then 'no_data' when c.sample_size < 3 then 'insufficient_data'
            else 'ok' end as status
    from counted as c
)

select
    v.entity_type, v.entity_id, 'production' as environment, v.grain, v.period_start, v.period_end,
    v.is_partial, v.metric, v.value, v.mean, v.percentiles[2] as p75, v.percentiles[3] as p90,
    v.percentiles[4] as p95, v.numerator, v.denominator, v.sample_size, v.status, b.band
from valued as v
left join marts.dora_bands as b
    on v.status = 'ok' and v.metric = b.metric and b.year = 2024
    and (b.from_value is null or v.value > b.from_value
        or (b.from_inclusive and v.value = b.from_value))
    and (b.to_value is null or v.value < b.to_value or (b.to_inclusive and v.value = b.to_value));
