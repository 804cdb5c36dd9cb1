{#- The staging model of a source's request_ledger: the same columns for all sources. -#}
{% macro renamed_request_ledger(request_ledger) -%}
with source as (

    select * from {{ request_ledger }}

),

renamed as (

    select
        connection::text as connection,
        endpoint::text as endpoint,

        run_id::text as run_id,
        resource::text as resource,
        requests as request_count,
        counted_requests as counted_request_count,
        points as point_count,
        not_modified as not_modified_count,
        retries as retry_count,
        rate_limited as rate_limited_count,
        failed as failed_count,
        wait_seconds,
        backoff_seconds,
        seconds as reply_seconds,
        bytes as byte_count,

        synced_at
    from source

)

select * from renamed
{%- endmacro %}
