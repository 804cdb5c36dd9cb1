{#- success, failure, canceled or in_progress of a GitLab deployment, pipeline or job. What waits
    for somebody (manual, blocked, scheduled) is not over. -#}
{% macro gitlab_status(status) -%}
    case {{ status }}
        when 'success' then 'success'
        when 'failed' then 'failure'
        when 'canceled' then 'canceled'
        when 'skipped' then 'canceled'
        else 'in_progress'
    end
{%- endmacro %}

{#- Whether that status is final. -#}
{% macro gitlab_is_finished(status) -%}
    {{ status }} in ('success', 'failed', 'canceled', 'skipped')
{%- endmacro %}
