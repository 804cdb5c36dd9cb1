-- Every two accounts of one statement are two people.
with different as (

    select
        statements.position,
        entries.reference,
        accounts.account_id
    from {{ ref('stg_settings__people') }} as statements
    cross join unnest(statements.accounts) as entries (reference)
    inner join {{ ref('int_accounts_stated') }} as accounts
        on entries.reference = accounts.reference
    where statements.relation = 'different'

)

select distinct
    ones.account_id as one_id,
    others.account_id as other_id
from different as ones
inner join different as others
    on
        ones.position = others.position
        and ones.reference != others.reference
        and ones.account_id < others.account_id
