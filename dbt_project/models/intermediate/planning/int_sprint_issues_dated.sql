-- The sprint field is a list that keeps the closed sprints: whatever is in it was not taken out.
with listed as (

    select distinct
        issues.connection,
        dated.issue_id,
        sprints.sprint_id,
        dated.valid_from,
        dated.valid_to
    from {{ ref('int_jira_values_dated') }} as dated
    inner join {{ ref('stg_jira__issues') }} as issues on dated.issue_id = issues.issue_id
    cross join lateral unnest(string_to_array(dated.value, ',')) as sprints (sprint_id)
    where dated.topic = 'sprint'

),

followed as (

    select
        *,
        lag(valid_to) over (partition by issue_id, sprint_id order by valid_from) as left_before
    from listed

),

numbered as (

    select
        *,
        count(*) filter (where left_before is distinct from valid_from)
            over (partition by issue_id, sprint_id order by valid_from) as stay
    from followed

),

stays as (

    select
        connection,
        issue_id,
        sprint_id,
        min(valid_from) as added_at,
        case when bool_and(valid_to is not null) then max(valid_to) end as removed_at
    from numbered
    group by connection, issue_id, sprint_id, stay

),

-- a sprint that was deleted leaves no entry in its issues' changelogs
ended as (

    select
        stays.connection,
        stays.sprint_id,
        stays.issue_id,
        stays.added_at,
        least(stays.removed_at, sprints.deleted_at) as removed_at
    from stays
    left join {{ ref('stg_jira__sprints') }} as sprints on stays.sprint_id = sprints.sprint_id

)

select * from ended
where removed_at is null or removed_at > added_at
