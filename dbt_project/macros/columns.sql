{#- Expressions that several models share. -#}

{#- The id of the marts for a native node id: <connection>:<node id>, null for null. -#}
{% macro mart_id(native_id, connection='connection') -%}
    {{ connection }}::text || ':' || {{ native_id }}::text
{%- endmacro %}

{#- text[] of a JSON list of texts; empty for null. With a prefix: each text behind it. -#}
{% macro texts(json, prefix=none) -%}
    case
        when jsonb_typeof({{ json }}) = 'array'
            then array(
                select {% if prefix %}{{ prefix }} || {% endif %}element.value
                from jsonb_array_elements_text({{ json }}) as element
            )
        else '{}'::text[]
    end
{%- endmacro %}

{#- Whether a text matches a glob (* and ?), upper and lower case alike. -#}
{% macro glob_matches(text, glob) -%}
    lower({{ text }}) ~ (
        '^' || replace(
            replace(
                regexp_replace(lower({{ glob }}), '([\\.+^$(){}|\[\]])', '\\\1', 'g'), '*', '.*'
            ),
            '?', '.'
        ) || '$'
    )
{%- endmacro %}

{#- Whether a repository (full_name) matches a glob; one without a slash is about the name alone. -#}
{% macro repository_matches(full_name, glob) -%}
    case
        when {{ glob }} like '%/%' then {{ glob_matches(full_name, glob) }}
        else {{ glob_matches("regexp_replace(" ~ full_name ~ ", '^.*/', '')", glob) }}
    end
{%- endmacro %}

{#- A name as part of an id: lower case, everything but letters and digits one hyphen. -#}
{% macro slug(name) -%}
    coalesce(
        nullif(trim(both '-' from regexp_replace(lower({{ name }}), '[^[:alnum:]]+', '-', 'g')), ''),
        md5({{ name }})
    )
{%- endmacro %}

{#- success, failure, canceled or in_progress of a workflow run or job. -#}
{% macro run_status(conclusion) -%}
    case
        when {{ conclusion }} is null then 'in_progress'
        when {{ conclusion }} = 'success' then 'success'
        when {{ conclusion }} in ('failure', 'timed_out', 'startup_failure') then 'failure'
        else 'canceled'
    end
{%- endmacro %}

{#- The first line of what a first line undoes; null if it undoes nothing. A revert of a revert is
    called Reapply by git 2.43 and newer, and by GitHub. -#}
{% macro reverted_headline(headline) -%}
    case
        when {{ headline }} like 'Reapply "%'
            then 'Revert ' || substring({{ headline }} from '^Reapply (".*")$')
        else substring({{ headline }} from '^Revert "(.*)"$')
    end
{%- endmacro %}

{#- Whether two text[] share an element, upper and lower case alike. -#}
{% macro lists_overlap(one, other) -%}
    exists (
        select 1
        from unnest({{ one }}) as these (element)
        inner join unnest({{ other }}) as those (element)
            on lower(these.element) = lower(those.element)
    )
{%- endmacro %}

{#- A text as a number; null when it is none (a story point may be written as anything). -#}
{% macro number(text) -%}
    case
        when btrim({{ text }}) ~ '^[+-]?[0-9]{1,15}(\.[0-9]{0,15})?$'
            then btrim({{ text }})::double precision
    end
{%- endmacro %}
