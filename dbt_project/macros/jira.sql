{#- What a changelog's item says of one side of a change, in the form that marts use: ids with the
    connection before them, numbers as Postgres writes them, null for nothing. Numbers and marks
    are in the text and not in the value. -#}
{% macro jira_value(value, text) -%}
    case topic
        when 'sprint' then nullif(
            array_to_string(
                array(
                    select connection || ':' || btrim(listed.id)
                    from unnest(string_to_array({{ value }}, ',')) as listed (id)
                    where btrim(listed.id) != ''
                ),
                ','
            ),
            ''
        )
        when 'story_points'
            then ({{ number("coalesce(nullif(" ~ text ~ ", ''), " ~ value ~ ")") }})::text
        when 'flagged'
            then
                case
                    when btrim(coalesce({{ text }}, {{ value }}, ''), ' []') != '' then 'true'
                end
        when 'key' then coalesce(nullif({{ text }}, ''), nullif({{ value }}, ''))
        else connection || ':' || nullif({{ value }}, '')
    end
{%- endmacro %}

{#- to_do, in_progress or done; null for a category that says neither ("undefined"). -#}
{% macro jira_status_category(category) -%}
    case {{ category }}
        when 'new' then 'to_do'
        when 'indeterminate' then 'in_progress'
        when 'done' then 'done'
    end
{%- endmacro %}
