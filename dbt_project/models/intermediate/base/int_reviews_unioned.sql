-- GitLab has no reviews, but approvals and comments on changed lines. An approval is a note of
-- GitLab's with its time, and a row in the list of those that stand, with or without one.
with approval_notes as (

    select
        *,
        lead(action) over (
            partition by merge_request_id, author_id order by created_at, note_id
        ) = 'unapproved' as is_withdrawn
    from {{ ref('stg_gitlab__merge_request_notes') }}
    where is_system and action in ('approved', 'unapproved')

)

select
    connection,
    'github' as source,
    review_id,
    pull_request_id,
    repository_id,
    author_id,
    author_login,
    author_type,
    state,
    submitted_at,
    synced_at
from {{ ref('stg_github__pull_request_reviews') }}

union all

select
    connection,
    'gitlab',
    note_id,
    merge_request_id,
    repository_id,
    author_id,
    author_login,
    null,
    case when is_withdrawn then 'DISMISSED' else 'APPROVED' end,
    created_at,
    null
from approval_notes
where action = 'approved'

union all

select
    approvals.connection,
    'gitlab',
    approvals.merge_request_id || ':approval:' || approvals.user_number,
    approvals.merge_request_id,
    approvals.repository_id,
    approvals.account_id,
    approvals.login,
    null,
    'APPROVED',
    approvals.approved_at,
    approvals.synced_at
from {{ ref('stg_gitlab__merge_request_approvals') }} as approvals
left join approval_notes as notes
    on
        approvals.merge_request_id = notes.merge_request_id
        and approvals.account_id = notes.author_id
        and notes.action = 'approved'
        and notes.is_withdrawn is not true
where notes.note_id is null

union all

select
    connection,
    'gitlab',
    note_id,
    merge_request_id,
    repository_id,
    author_id,
    author_login,
    null,
    'COMMENTED',
    created_at,
    null
from {{ ref('stg_gitlab__merge_request_notes') }}
where not is_system and type = 'DiffNote'
