{{ config(
    materialized='table',
    indexes=[{'columns': ['connection', 'author_email'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

with signatures as (

    select
        connection,
        lower(trim(author_email)) as author_email,
        author_account_id
    from {{ ref('int_commits_unioned') }}
    union
    select
        connection,
        lower(trim(author_email)),
        author_account_id
    from {{ ref('int_pull_request_commits_unioned') }}

)

select
    connection,
    author_email,
    min(author_account_id) as account_id
from signatures
where author_email like '%_@_%' and author_account_id is not null
group by connection, author_email
having count(distinct author_account_id) = 1
