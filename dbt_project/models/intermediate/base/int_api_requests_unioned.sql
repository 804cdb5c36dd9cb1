{%- set sources = ['github', 'gitlab', 'jira'] -%}

{% for source in sources %}
    select
        connection,
        '{{ source }}' as source,
        endpoint,
        run_id,
        resource,
        request_count,
        counted_request_count,
        point_count,
        not_modified_count,
        retry_count,
        rate_limited_count,
        failed_count,
        wait_seconds,
        backoff_seconds,
        reply_seconds,
        byte_count,
        synced_at
    from {{ ref('stg_' ~ source ~ '__request_ledger') }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
