with organization as (

    select pseudonymize from {{ ref('stg_settings__organization') }}

)

-- One account is one developer until accounts of several sources are matched.
select
    accounts.account_id as developer_id,
    accounts.connection,
    accounts.account_id,
    case
        when organization.pseudonymize and not accounts.is_bot
            then {{ pseudonym('accounts.account_id') }}
        else accounts.login
    end as login,
    'account' as match_method
from {{ ref('int_accounts_unioned') }} as accounts
left join organization on true
