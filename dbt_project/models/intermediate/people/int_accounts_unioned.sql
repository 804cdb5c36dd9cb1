{{ config(
    materialized='table',
    indexes=[{'columns': ['account_id'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

with addresses as (

    select
        account_id,
        connection,
        email
    from {{ ref('int_account_emails') }}
    where told_by = 'git'

),

signed as (

    select distinct on (connection, email)
        connection,
        source,
        email,
        name
    from (
        select
            connection,
            source,
            email,
            name,
            sum(commit_count) as commit_count
        from {{ ref('int_commit_signatures_grouped') }}
        where account_id is null
        group by connection, source, email, name
    ) as names
    order by connection, email, name like '%_ _%' desc nulls last, commit_count desc, name

),

accounts as (

    select
        account_id,
        connection,
        source,
        false as is_git,
        login,
        name,
        account_type,
        is_active,
        is_bot
    from {{ ref('int_accounts_collected') }}

    union all

    select
        addresses.account_id,
        addresses.connection,
        signed.source,
        true,
        null,
        {{ without_email('coalesce(signed.name, addresses.email)') }},
        null,
        null,
        addresses.email like '%[bot]@%'
        or addresses.email ~ '^(project|group)_[0-9]+_bot'
        or coalesce(signed.name ilike '%[bot]', false)
        or exists (
            select 1
            from {{ ref('stg_settings__bots') }} as bots
            where
                replace(lower(bots.login), '[bot]', '') in (
                    lower(signed.name), split_part(addresses.email, '@', 1), addresses.email
                )
        )
    from addresses
    inner join signed
        on addresses.connection = signed.connection and addresses.email = signed.email

),

keyed as (

    select
        *,
        -- a name that repeats the login tells no name
        {{ name_key("nullif(lower(accounts.name), lower(accounts.login))") }} as any_name_key
    from accounts

)

select
    account_id,
    connection,
    source,
    is_git,
    login,
    name,
    account_type,
    is_active,
    is_bot,
    case when not {{ is_nobodys_name('any_name_key') }} then any_name_key end as name_key
from keyed
