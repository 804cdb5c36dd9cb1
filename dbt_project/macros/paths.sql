{#- Paths inside a repository that services are made of. -#}

{#- A path of the settings as the start of a file's path: no ./ or / before it, one / behind it;
    empty: the whole repository. -#}
{% macro path_prefix(path) -%}
    regexp_replace(
        regexp_replace(coalesce({{ path }}, ''), '^(\.?/)+|^\.$', ''), '([^/])/*$', '\1/'
    )
{%- endmacro %}

{#- Whether a file is below such a path, or is it. Globs are understood: ? and * within one part
    of the path, ** across parts. Letter case counts, as it does in git. -#}
{% macro path_matches(path, prefix) -%}
    case
        when {{ prefix }} !~ '[*?]' then starts_with({{ path }} || '/', {{ prefix }})
        else ({{ path }} || '/') ~ (
            '^' || replace(
                replace(
                    replace(
                        replace(
                            regexp_replace({{ prefix }}, '([\\.+^$(){}|\[\]])', '\\\1', 'g'),
                            '**', chr(1)
                        ),
                        '*', '[^/]*'
                    ),
                    '?', '[^/]'
                ),
                chr(1), '.*'
            )
        )
    end
{%- endmacro %}
