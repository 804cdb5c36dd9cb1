{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with groups as (

    select * from {{ ref('int_identity_groups_described') }}

),

accounts as (

    select
        accounts.account_id,
        accounts.connection,
        accounts.is_git,
        accounts.name_key,
        lower(accounts.login) as login,
        groups.group_id,
        groups.is_bot,
        {{ account_rank('accounts.source', 'accounts.is_git') }} as preference
    from groups
    cross join unnest(groups.account_ids) as members (account_id)
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on members.account_id = accounts.account_id
    where
        accounts.account_type is null
        or accounts.account_type not in ('customer', 'Organization', 'Mannequin')

),

keyed as (

    select
        'full_name' as method,
        0.8::double precision as confidence,
        name_key as key,
        group_id,
        connection,
        account_id,
        is_git,
        preference
    from accounts
    where name_key like '% %' and not is_bot

    union all

    -- bots among themselves, people among themselves
    select
        'login',
        0.6,
        login || case when is_bot then ' bot' else '' end,
        group_id,
        connection,
        account_id,
        is_git,
        preference
    from accounts
    where not is_git and login is not null and not {{ is_nobodys_login('login') }}

),

holders as (

    select distinct on (method, key, group_id)
        method,
        confidence,
        key,
        group_id,
        account_id,
        preference
    from keyed
    order by method, key, group_id, preference, account_id

),

-- Several holders, but one in each connection; a name of very many addresses is a machine's.
candidates as (

    select
        method,
        key
    from holders
    group by method, key
    having count(*) between 2 and 20
    except
    select
        method,
        key
    from keyed
    where not is_git
    group by method, key, connection
    having count(distinct group_id) > 1

),

-- Where two holders can't be one person, nobody can tell whose namesake a third is.
contested as (

    select distinct
        ones.method,
        ones.key
    from candidates
    inner join holders as ones
        on candidates.method = ones.method and candidates.key = ones.key
    inner join holders as others
        on
            ones.method = others.method
            and ones.key = others.key
            and ones.group_id < others.group_id
    inner join groups as one_groups on ones.group_id = one_groups.group_id
    inner join groups as other_groups on others.group_id = other_groups.group_id
    where
        coalesce({{ contradicted_below('one_groups', 'other_groups') }} >= ones.confidence, false)
        or exists (
            select 1
            from {{ ref('int_accounts_contradicted') }} as different
            where
                different.one_id = any(one_groups.account_ids)
                and different.other_id = any(other_groups.account_ids)
                or different.one_id = any(other_groups.account_ids)
                and different.other_id = any(one_groups.account_ids)
        )

),

starred as (

    select
        holders.method,
        holders.confidence,
        holders.group_id,
        holders.account_id,
        first_value(holders.group_id) over hub as hub_group_id,
        first_value(holders.account_id) over hub as hub_account_id
    from holders
    inner join candidates
        on holders.method = candidates.method and holders.key = candidates.key
    left join contested
        on holders.method = contested.method and holders.key = contested.key
    where contested.key is null
    window hub as (
        partition by holders.method, holders.key order by holders.preference, holders.account_id
    )

)

select distinct on (least(group_id, hub_group_id), greatest(group_id, hub_group_id))
    least(group_id, hub_group_id) as one_id,
    greatest(group_id, hub_group_id) as other_id,
    account_id as one_account_id,
    hub_account_id as other_account_id,
    method,
    confidence
from starred
where group_id != hub_group_id
order by
    least(group_id, hub_group_id),
    greatest(group_id, hub_group_id),
    confidence desc,
    account_id,
    hub_account_id
