{{ config(indexes=[{'columns': ['issue_id']}, {'columns': ['author_id', 'started_at']}]) }}

-- One that was deleted is no longer read with its issue; those of a deleted issue stay.
select
    worklogs.worklog_id,
    worklogs.issue_id,
    developers.developer_id as author_id,
    worklogs.seconds_spent / 3600.0::double precision as spent_hours,
    worklogs.started_at,
    worklogs.created_at,
    worklogs.updated_at
from {{ ref('stg_jira__worklogs') }} as worklogs
inner join {{ ref('stg_jira__issues') }} as issues
    on
        worklogs.issue_id = issues.issue_id
        and (worklogs.synced_at = issues.synced_at or issues.deleted_at is not null)
left join {{ ref('int_developers_matched') }} as developers
    on worklogs.author_id = developers.account_id
