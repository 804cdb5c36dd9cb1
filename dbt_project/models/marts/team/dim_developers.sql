with organization as (

    select pseudonymize from {{ ref('stg_settings__organization') }}

)

select
    accounts.account_id as developer_id,
    case
        when organization.pseudonymize and not accounts.is_bot
            then {{ pseudonym('accounts.account_id') }}
        else coalesce(nullif(accounts.name, ''), accounts.login)
    end as name,
    accounts.is_bot
from {{ ref('int_accounts_unioned') }} as accounts
left join organization on true
