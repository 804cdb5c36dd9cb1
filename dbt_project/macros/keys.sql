{#-
Primary and foreign keys of the marts, as real constraints.

dbt writes the keys of a contract into `create table`, before the rows, and replaces a table by
renaming, with `drop … cascade` on the old one. Three things are wrong with that here:
- every row inserted fires one trigger per foreign key; checking them once afterwards is a join,
- `cascade` drops the foreign keys of tables that this run does not rebuild, silently,
- two threads that cascade or add keys at once lock the same tables in different orders: deadlock.
So: keys are taken off at the start of a run (those that touch a selected model), each model gets
its own after its rows, targets in the order of their names, and what is missing at the end (of
tables that were not rebuilt) is put back. docs/decisions/0005-keys-after-rows.md has the numbers.
-#}

{#- Columns with their not-null constraints, and checks; the keys come in add_keys(). -#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {%- set columns = adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
    {%- set checks = model['constraints'] | selectattr('type', 'equalto', 'check') | list -%}
    {%- set constraints = adapter.render_raw_model_constraints(raw_constraints=checks) -%}
    (
    {{ (columns + constraints) | join(',\n    ') }}
    )
{%- endmacro %}

{#- Post-hook of a mart: its primary key, its foreign keys, its statistics. -#}
{% macro add_keys() -%}
    {%- set primary = model['constraints'] | selectattr('type', 'equalto', 'primary_key') | list -%}
    {%- set foreign = model['constraints'] | selectattr('type', 'equalto', 'foreign_key')
        | sort(attribute='to') | list -%}
    {%- for key in adapter.render_raw_model_constraints(raw_constraints=primary + foreign) %}
    alter table {{ this }} add {{ key }};
    {%- endfor %}
    analyze {{ this }};
{%- endmacro %}

{#- Statements that drop the foreign keys from or to a selected model; also a list of what exists. -#}
{% macro drop_foreign_keys() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'retry'] -%}
        {%- set selected = [] -%}
        {%- for unique_id in selected_resources if unique_id.startswith('model.') -%}
            {%- do selected.append(graph.nodes[unique_id].name) -%}
        {%- endfor -%}
        {%- for key in existing_foreign_keys() -%}
            {%- if key['child'] in selected or key['parent'] in selected %}
    alter table {{ adapter.quote('marts') }}.{{ adapter.quote(key['child']) }}
        drop constraint if exists {{ adapter.quote(key['name']) }};
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Statements that add every declared foreign key that is missing although both tables exist.
    A table that failed to rebuild may now miss a parent: that is a warning, the run has failed
    for its own reason. -#}
{% macro restore_foreign_keys() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'retry'] -%}
        {%- set present = [] -%}
        {%- for key in existing_foreign_keys() -%}
            {%- do present.append((key['child'], key['parent'], key['columns'])) -%}
        {%- endfor -%}
        {%- set tables = run_query(
            "select tablename from pg_catalog.pg_tables where schemaname = 'marts'"
        ).columns[0].values() -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and node.schema == 'marts' and node.name in tables -%}
            {%- for key in node.constraints if key.type == 'foreign_key' -%}
                {%- set parent = modules.re.search("(\w+)\W*$", key.to).group(1) -%}
                {%- if parent in tables
                    and (node.name, parent, key.columns | join(',')) not in present %}
    do $$
    begin
        alter table {{ adapter.quote('marts') }}.{{ adapter.quote(node.name) }}
            add foreign key ({{ key.columns | join(', ') }})
            references {{ adapter.quote('marts') }}.{{ adapter.quote(parent) }}
            ({{ key.to_columns | join(', ') }});
    exception when others then
        raise warning 'foreign key {{ node.name }} -> {{ parent }} not restored: %', sqlerrm;
    end $$;
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- The foreign keys inside schema marts: rows of name, child, parent, columns (comma-separated). -#}
{% macro existing_foreign_keys() -%}
    {%- set found = run_query("
        select
            keys.conname as name,
            child.relname as child,
            parent.relname as parent,
            (
                select string_agg(attributes.attname, ',' order by positions.position)
                from unnest(keys.conkey) with ordinality as positions (number, position)
                inner join pg_catalog.pg_attribute as attributes
                    on attributes.attrelid = keys.conrelid and attributes.attnum = positions.number
            ) as columns
        from pg_catalog.pg_constraint as keys
        inner join pg_catalog.pg_class as child on child.oid = keys.conrelid
        inner join pg_catalog.pg_class as parent on parent.oid = keys.confrelid
        inner join pg_catalog.pg_namespace as spaces on spaces.oid = child.relnamespace
        where keys.contype = 'f' and spaces.nspname = 'marts'
        order by child.relname, parent.relname
    ") -%}
    {%- set rows = [] -%}
    {%- for row in found.rows -%}
        {%- do rows.append({
            'name': row[0], 'child': row[1], 'parent': row[2], 'columns': row[3]
        }) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}
