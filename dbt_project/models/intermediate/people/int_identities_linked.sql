{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with accounts as (

    select
        account_id,
        is_bot,
        {{ account_rank('source', 'is_git') }} as preference
    from {{ ref('int_accounts_unioned') }}

),

different as (

    select
        one_id,
        other_id
    from {{ ref('int_accounts_contradicted') }}

),

stated as (

    select
        statements.position,
        accounts.account_id,
        first_value(accounts.account_id) over (
            partition by statements.position
            order by accounts.preference, accounts.account_id
        ) as hub_id
    from {{ ref('stg_settings__people') }} as statements
    cross join unnest(statements.accounts) as entries (reference)
    inner join {{ ref('int_accounts_stated') }} as found on entries.reference = found.reference
    inner join accounts on found.account_id = accounts.account_id
    where statements.relation = 'same'

),

holders as (

    select
        emails.email || case when accounts.is_bot then ' bot' else '' end as email,
        emails.account_id,
        emails.confidence,
        accounts.preference
    from {{ ref('int_account_emails') }} as emails
    inner join accounts on emails.account_id = accounts.account_id
    where emails.doubt is null

),

-- An address that two people use who are stated to be two says nothing of the others who use it.
shared as (

    select distinct ones.email
    from holders as ones
    inner join holders as others on ones.email = others.email
    inner join different
        on ones.account_id = different.one_id and others.account_id = different.other_id

),

by_email as (

    select
        account_id,
        first_value(account_id) over (
            partition by email order by preference, account_id
        ) as hub_id,
        case when email like '%@users.noreply.%' then 'noreply' else 'email' end as method,
        case
            when email like '%@users.noreply.%' then max(confidence) over (partition by email)
            else 0.95
        end as confidence
    from holders
    where email not in (select shared.email from shared)

),

links as (

    select
        hub_id,
        account_id,
        'stated' as method,
        1.0 as confidence
    from stated
    union all
    select
        hub_id,
        account_id,
        method,
        confidence
    from by_email

)

select distinct on (least(hub_id, account_id), greatest(hub_id, account_id))
    least(hub_id, account_id) as one_id,
    greatest(hub_id, account_id) as other_id,
    method,
    confidence::double precision as confidence
from links
where hub_id != account_id
order by least(hub_id, account_id), greatest(hub_id, account_id), confidence desc, method
