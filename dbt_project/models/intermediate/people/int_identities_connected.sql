{{ config(
    materialized='table',
    indexes=[{'columns': ['node'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

{{ components_of(ref('int_identities_linked')) }}
