{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with commits as (

    select
        connection,
        source,
        author_account_id,
        author_login,
        author_name,
        author_email
    from {{ ref('int_commits_unioned') }}

    union all

    select
        connection,
        source,
        author_account_id,
        author_login,
        author_name,
        author_email
    from {{ ref('int_pull_request_commits_unioned') }}

)

select
    connection,
    source,
    author_account_id as account_id,
    max(author_login) as login,
    nullif(trim(author_name), '') as name,
    case when author_email like '%_@_%' then lower(trim(author_email)) end as email,
    count(*) as commit_count
from commits
group by 1, 2, 3, 5, 6
