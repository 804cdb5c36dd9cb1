{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with seen as (

    select
        account_id,
        connection,
        login,
        name,
        account_type,
        1 as preference
    from {{ ref('stg_github__users') }}

    {%- for model in [
        'int_pull_requests_unioned', 'int_reviews_unioned', 'int_comments_unioned',
        'int_issues_unioned',
    ] %}
        union all
        select distinct
            author_id,
            connection,
            author_login,
            null,
            author_type,
            2
        from {{ ref(model) }}
    {%- endfor %}

    {%- for model in ['int_commits_unioned', 'int_pull_request_commits_unioned'] %}
        union all
        select distinct
            author_account_id,
            connection,
            author_login,
            null,
            null,
            3
        from {{ ref(model) }}
    {%- endfor %}

    union all
    select distinct
        account_id,
        connection,
        login,
        null,
        null,
        3
    from {{ ref('stg_github__team_members') }}

),

accounts as (

    select distinct on (account_id)
        account_id,
        connection,
        login,
        name,
        account_type
    from seen
    where account_id is not null
    order by account_id, preference, account_type nulls last, login nulls last

)

select
    account_id,
    connection,
    login,
    name,
    account_type,
    -- GraphQL leaves off the [bot] that REST writes: compared without it.
    coalesce(account_type = 'Bot', false)
    or coalesce(login ilike '%[bot]', false)
    or exists (
        select 1
        from {{ ref('stg_settings__bots') }} as bots
        where replace(lower(bots.login), '[bot]', '') = replace(lower(accounts.login), '[bot]', '')
    ) as is_bot
from accounts
