{{ config(
    materialized='table',
    indexes=[{'columns': ['account_id'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

select
    account_id,
    account_id as developer_id,
    connection,
    'account' as match_method,
    1.0::double precision as match_confidence
from {{ ref('int_accounts_unioned') }}
