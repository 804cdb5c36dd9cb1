{{ config(
    materialized='table',
    indexes=[{'columns': ['group_id'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

with grouped as (

    select
        one_id as account_id,
        group_id
    from {{ ref('int_identities_joined') }}
    union
    select
        other_id,
        group_id
    from {{ ref('int_identities_joined') }}

),

accounts as (

    select
        accounts.*,
        coalesce(grouped.group_id, accounts.account_id) as group_id,
        {{ account_rank('accounts.source', 'accounts.is_git') }} as preference
    from {{ ref('int_accounts_unioned') }} as accounts
    left join grouped on accounts.account_id = grouped.account_id

),

-- Addresses of a company, and what is left of them without digits and separators.
emails as (

    select
        accounts.group_id,
        array_agg(distinct emails.email) as emails,
        array_agg(
            distinct regexp_replace(split_part(emails.email, '@', 1), '[^[:alpha:]]', '', 'g')
            || '@' || split_part(emails.email, '@', 2)
        ) as plain_emails,
        array_agg(
            distinct regexp_replace(split_part(emails.email, '@', 1), '[^[:alnum:]]', '', 'g')
            || '@' || split_part(emails.email, '@', 2)
        ) as numbered_emails
    from {{ ref('int_account_emails') }} as emails
    inner join accounts on emails.account_id = accounts.account_id
    where
        emails.doubt is null
        and not {{ is_public_mail("split_part(emails.email, '@', 2)") }}
    group by accounts.group_id

),

groups as (

    select
        group_id,
        (array_agg(account_id order by preference, connection, account_id))[1]
            as representative_id,
        min(preference) as preference,
        bool_or(is_bot) as is_bot,
        array_agg(distinct account_id) as account_ids,
        coalesce(array_agg(distinct connection) filter (where not is_git), '{}') as connections,
        coalesce(array_agg(distinct name_key) filter (where name_key like '% %'), '{}')
            as full_names,
        coalesce(
            array_agg(distinct name_key) filter (where name_key not like '% %'), '{}'
        ) as single_names
    from accounts
    group by group_id

)

select
    groups.group_id,
    groups.representative_id,
    groups.preference,
    groups.is_bot,
    groups.account_ids,
    groups.connections,
    groups.full_names,
    string_to_array(array_to_string(groups.full_names || groups.single_names, ' '), ' ') as words,
    coalesce(emails.plain_emails, '{}') as plain_emails,
    coalesce(emails.numbered_emails, '{}') as numbered_emails
from groups
left join emails on groups.group_id = emails.group_id
