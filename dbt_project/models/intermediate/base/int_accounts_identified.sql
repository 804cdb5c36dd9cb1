-- What one account of a person is, the person is: whoever has a bot's account responds as a bot.
select
    developers.account_id,
    developers.developer_id,
    bool_or(accounts.is_bot) over (partition by developers.developer_id) as is_bot
from {{ ref('int_developers_matched') }} as developers
inner join {{ ref('int_accounts_unioned') }} as accounts
    on developers.account_id = accounts.account_id
