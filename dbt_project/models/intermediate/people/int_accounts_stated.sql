{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- What the settings write for an account: connection:login, connection:id, or an e-mail address.
with stated as (

    select distinct
        named.reference,
        lower(trim(named.reference)) as plain
    from (
        select unnest(accounts) as reference from {{ ref('stg_settings__people') }}
        union all
        select member from {{ ref('stg_settings__team_members') }}
    ) as named
    where trim(named.reference) != ''

),

found as (

    select
        stated.reference,
        accounts.account_id,
        accounts.connection,
        accounts.is_git
    from stated
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on stated.plain = accounts.connection || ':' || lower(accounts.login)

    union

    select
        stated.reference,
        accounts.account_id,
        accounts.connection,
        accounts.is_git
    from stated
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on stated.plain = lower(accounts.account_id)

    union

    select
        stated.reference,
        accounts.account_id,
        accounts.connection,
        accounts.is_git
    from stated
    inner join {{ ref('int_account_emails') }} as emails on stated.plain = emails.email
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on emails.account_id = accounts.account_id

)

-- An address that several accounts of one connection use names nobody.
select
    reference,
    account_id
from (
    select
        reference,
        account_id,
        max(account_count) over (partition by reference) as most
    from (
        select
            *,
            count(*) filter (where not is_git)
                over (partition by reference, connection) as account_count
        from found
    ) as counted
) as found_accounts
where most <= 1
