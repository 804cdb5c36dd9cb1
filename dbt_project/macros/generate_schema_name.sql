{#- The schema as configured, without the target's name before it: environments differ by
    database, never by schema. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
