{{ config(
    materialized='table',
    indexes=[{'columns': ['connection', 'author_email'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

-- The one account of the connection that the address belongs to; else the address itself is one.
select
    connection,
    email as author_email,
    coalesce(
        min(account_id) filter (where told_by = 'git'),
        case when count(*) = 1 then min(account_id) end
    ) as account_id
from {{ ref('int_account_emails') }}
group by connection, email
having bool_or(told_by = 'git') or count(*) = 1
