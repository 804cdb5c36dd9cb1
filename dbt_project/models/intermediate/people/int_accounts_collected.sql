{{ config(
    materialized='table',
    indexes=[{'columns': ['account_id'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

with seen as (

    select
        account_id,
        connection,
        'github' as source,
        login,
        name,
        account_type,
        user_number,
        null::boolean as is_active,
        null::boolean as is_bot,
        1 as preference
    from {{ ref('stg_github__users') }}

    union all
    select
        account_id,
        connection,
        'gitlab',
        login,
        name,
        null,
        user_number,
        state = 'active',
        is_bot,
        1
    from {{ ref('stg_gitlab__users') }}

    union all
    select
        account_id,
        connection,
        'jira',
        null,
        name,
        account_type,
        null,
        is_active,
        account_type = 'app',
        1
    from {{ ref('stg_jira__users') }}

    {%- for model in [
        'int_pull_requests_unioned', 'int_reviews_unioned', 'int_comments_unioned',
        'int_issues_unioned',
    ] %}
        union all
        select distinct
            author_id,
            connection,
            source,
            author_login,
            null,
            author_type,
            null::bigint,
            null::boolean,
            null::boolean,
            2
        from {{ ref(model) }}
    {%- endfor %}

    union all
    select distinct
        account_id,
        connection,
        source,
        login,
        null,
        null,
        null::bigint,
        null::boolean,
        null::boolean,
        3
    from {{ ref('int_commit_signatures_grouped') }}

    {%- for source, model in [
        ('github', 'stg_github__team_members'), ('gitlab', 'stg_gitlab__group_members')
    ] %}
        union all
        select distinct
            account_id,
            connection,
            '{{ source }}',
            login,
            null,
            null,
            null::bigint,
            null::boolean,
            null::boolean,
            3
        from {{ ref(model) }}
    {%- endfor %}

),

accounts as (

    select distinct on (account_id)
        account_id,
        connection,
        source,
        login,
        name,
        account_type,
        user_number,
        is_active,
        is_bot
    from seen
    where account_id is not null
    order by account_id, preference, account_type nulls last, login nulls last

),

-- Who hides the name of an account often signs commits with it.
signed as (

    select distinct on (account_id)
        account_id,
        name
    from (
        select
            account_id,
            name,
            sum(commit_count) as commit_count
        from {{ ref('int_commit_signatures_grouped') }}
        where account_id is not null and name is not null
        group by account_id, name
    ) as names
    order by account_id, name like '% %' desc, commit_count desc, name

)

select
    accounts.account_id,
    accounts.connection,
    accounts.source,
    accounts.login,
    {{ without_email('coalesce(accounts.name, signed.name)') }} as name,
    accounts.account_type,
    accounts.user_number,
    accounts.is_active,
    -- GraphQL leaves off the [bot] that REST writes: compared without it.
    coalesce(accounts.is_bot, false)
    or coalesce(accounts.account_type = 'Bot', false)
    or coalesce(accounts.login ilike '%[bot]', false)
    -- GitLab's names for the users of access tokens
    or coalesce(
        accounts.source = 'gitlab' and accounts.login ~* '^(project|group)_[0-9]+_bot', false
    )
    or exists (
        select 1
        from {{ ref('stg_settings__bots') }} as bots
        where
            replace(lower(bots.login), '[bot]', '') = replace(lower(accounts.login), '[bot]', '')
            or lower(bots.login) = lower(accounts.account_id)
    ) as is_bot
from accounts
left join signed on accounts.account_id = signed.account_id
