{{ config(
    materialized='table',
    indexes=[{'columns': ['one_id']}, {'columns': ['other_id']}],
    post_hook='analyze {{ this }}',
) }}

with recursive links as (

    select * from {{ ref('int_identities_linked') }}

),

contradictions as (

    select
        one_id,
        other_id,
        1.0::double precision as highest_confidence
    from {{ ref('int_accounts_contradicted') }}

),

members as (

    select * from {{ ref('int_identities_connected') }}

),

{{ joined_by_links() }}

select
    links.one_id,
    links.other_id,
    joined.group_id,
    links.method,
    links.confidence
from joined
inner join links on joined.one_id = links.one_id and joined.other_id = links.other_id
