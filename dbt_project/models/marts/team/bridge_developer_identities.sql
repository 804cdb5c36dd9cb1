with organization as (

    select
        pseudonymize,
        pseudonym_salt
    from {{ ref('stg_settings__organization') }}

),

identities as (

    select
        developers.developer_id,
        developers.connection,
        developers.account_id,
        accounts.source,
        accounts.login,
        accounts.is_git,
        bool_or(accounts.is_bot) over (partition by developers.developer_id) as is_bot,
        developers.match_method,
        developers.match_confidence
    from {{ ref('int_developers_matched') }} as developers
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on developers.account_id = accounts.account_id

)

select
    identities.developer_id,
    identities.connection,
    identities.account_id,
    identities.source,
    case
        when identities.login is null then null
        when organization.pseudonymize and not identities.is_bot
            then {{ pseudonym('account', 'identities.account_id', 'organization.pseudonym_salt') }}
        else identities.login
    end as login,
    identities.is_git,
    identities.match_method,
    identities.match_confidence
from identities
left join organization on true
