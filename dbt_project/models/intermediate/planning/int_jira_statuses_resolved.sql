-- Statuses as they are now, and those that only histories still know.
with statuses as (

    select * from {{ ref('stg_jira__statuses') }}

),

remembered as (

    select distinct on (dated.value)
        dated.value as status_id,
        issues.connection,
        dated.label as name
    from {{ ref('int_jira_values_dated') }} as dated
    inner join {{ ref('stg_jira__issues') }} as issues on dated.issue_id = issues.issue_id
    where dated.topic = 'status'
    order by dated.value, dated.label is null, dated.valid_from desc, dated.issue_id

),

known as (

    select
        status_id,
        connection,
        name,
        untranslated_name,
        {{ jira_status_category('category') }} as category
    from statuses

    union all

    select
        remembered.status_id,
        remembered.connection,
        remembered.name,
        null,
        null
    from remembered
    left join statuses on remembered.status_id = statuses.status_id
    where statuses.status_id is null

),

stated as (

    select
        known.status_id,
        min({{ jira_status_category('settings.category') }}) as category
    from known
    inner join {{ ref('stg_settings__jira_status_categories') }} as settings
        on
            known.connection = settings.connection
            and (
                known.status_id = settings.connection || ':' || settings.status
                or lower(settings.status) in (lower(known.name), lower(known.untranslated_name))
            )
    group by known.status_id
    -- two statements that disagree about one status (by name and by id) say nothing
    having count(distinct settings.category) = 1

)

select
    known.status_id,
    known.connection,
    known.name,
    coalesce(known.category, stated.category) as category,
    known.category is null as is_category_assumed
from known
left join stated on known.status_id = stated.status_id
