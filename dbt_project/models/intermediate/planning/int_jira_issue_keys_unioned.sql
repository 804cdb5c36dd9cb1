{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- A moved issue still answers to its old keys, unless another issue has got one of them since.
with keys as (

    select
        connection,
        issue_id,
        upper(key) as key,
        true as is_current
    from {{ ref('stg_jira__issues') }}

    union

    select
        changes.connection,
        changes.issue_id,
        upper(keys.key),
        false
    from {{ ref('int_jira_issue_changes_classified') }} as changes
    inner join {{ ref('stg_jira__issues') }} as issues on changes.issue_id = issues.issue_id
    cross join lateral (values (changes.from_value), (changes.to_value)) as keys (key)
    where changes.topic = 'key' and keys.key is not null and upper(keys.key) != upper(issues.key)

),

ranked as (

    select
        *,
        rank() over (partition by key order by is_current desc) as preference
    from keys

)

-- A key that two issues have (of two sites) is not known to mean either.
select
    key,
    min(issue_id) as issue_id,
    bool_or(is_current) as is_current
from ranked
where preference = 1
group by key
having count(distinct issue_id) = 1
