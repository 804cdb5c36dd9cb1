{{ config(
    materialized='table',
    indexes=[{'columns': ['account_id'], 'unique': true}, {'columns': ['developer_id']}],
    post_hook='analyze {{ this }}',
) }}

with recursive links as (

    select * from {{ ref('int_namesakes_linked') }}

),

members as (

    select * from {{ ref('int_namesakes_connected') }}

),

described as (

    select
        members.component,
        groups.*
    from members
    inner join {{ ref('int_identity_groups_described') }} as groups
        on members.node = groups.group_id

),

compared as (

    select
        ones.group_id as one_id,
        others.group_id as other_id,
        case
            when
                exists (
                    select 1
                    from {{ ref('int_accounts_contradicted') }} as different
                    where
                        different.one_id = any(ones.account_ids)
                        and different.other_id = any(others.account_ids)
                        or different.one_id = any(others.account_ids)
                        and different.other_id = any(ones.account_ids)
                )
                then 1.0::double precision
            else {{ contradicted_below('ones', 'others') }}
        end as highest_confidence
    from described as ones
    inner join described as others
        on ones.component = others.component and ones.group_id < others.group_id

),

contradictions as (

    select * from compared
    where highest_confidence is not null

),

{{ joined_by_links() }},

wide_groups as (

    select
        one_id as group_id,
        group_id as wide_group_id
    from joined
    union
    select
        other_id,
        group_id
    from joined

),

developers as (

    select
        accounts.account_id,
        accounts.connection,
        first_value(accounts.account_id) over (
            partition by coalesce(wide_groups.wide_group_id, groups.group_id)
            order by
                {{ account_rank('accounts.source', 'accounts.is_git') }},
                accounts.connection,
                accounts.account_id
        ) as developer_id
    from {{ ref('int_identity_groups_described') }} as groups
    left join wide_groups on groups.group_id = wide_groups.group_id
    cross join unnest(groups.account_ids) as members_of_groups (account_id)
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on members_of_groups.account_id = accounts.account_id

),

-- The links that joined, in both directions: a forest, so there is one way to every account.
ways as (

    select
        one_id as from_id,
        other_id as to_id,
        method,
        confidence
    from {{ ref('int_identities_joined') }}
    union all
    select
        other_id,
        one_id,
        method,
        confidence
    from {{ ref('int_identities_joined') }}
    union all
    select
        links.one_account_id,
        links.other_account_id,
        links.method,
        links.confidence
    from links
    inner join joined on links.one_id = joined.one_id and links.other_id = joined.other_id
    union all
    select
        links.other_account_id,
        links.one_account_id,
        links.method,
        links.confidence
    from links
    inner join joined on links.one_id = joined.one_id and links.other_id = joined.other_id

),

-- From the account that stands for the person to all others: the weakest link on the way counts.
followed as (

    select
        account_id,
        null::text as from_id,
        'account' as method,
        1.0::double precision as confidence
    from developers
    where account_id = developer_id

    union all

    select
        ways.to_id,
        ways.from_id,
        case
            when followed.from_id is null or ways.confidence <= followed.confidence
                then ways.method
            else followed.method
        end,
        least(ways.confidence, followed.confidence)
    from followed
    inner join ways
        on followed.account_id = ways.from_id and ways.to_id is distinct from followed.from_id

)

select
    developers.account_id,
    developers.developer_id,
    developers.connection,
    followed.method as match_method,
    followed.confidence as match_confidence
from developers
inner join followed on developers.account_id = followed.account_id
