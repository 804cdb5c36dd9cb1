{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- The changes that histories are made of, of all that the changelogs tell.
with fields as (

    select * from {{ ref('stg_jira__fields') }}

),

fields_read as (

    select
        connection,
        field_id,
        name,
        untranslated_name,
        used_as as topic
    from fields
    where used_as in ('story_points', 'sprint', 'flagged')

    union all

    -- Jira's own field for blocked issues; its name is translated, its first name is not
    select
        connection,
        field_id,
        name,
        untranslated_name,
        'flagged'
    from fields
    where 'flagged' in (lower(name), lower(untranslated_name)) and used_as is null

),

-- A custom field is known by its id; entries of old have only its name, Jira's own fields always
-- the same one.
topics as (

    select distinct on (fields_read.connection, labels.label)
        fields_read.connection,
        labels.label,
        fields_read.topic,
        fields_read.field_id as field_key
    from fields_read
    cross join
        lateral (
            values
            (fields_read.field_id),
            ('~' || lower(fields_read.name)),
            ('~' || lower(fields_read.untranslated_name))
        ) as labels (label)
    where labels.label is not null
    order by fields_read.connection, labels.label, fields_read.field_id

),

own_topics as (

    select
        label,
        topic
    from (
        values
        ('~status', 'status'), ('~assignee', 'assignee'), ('~key', 'key'), ('~flagged', 'flagged')
    ) as known (label, topic)

),

changes as (

    select
        *,
        case
            -- entries show the flag's untranslated name, whatever the site's language
            when field_id like 'customfield\_%' and lower(field) != 'flagged' then field_id
            else '~' || lower(field)
        end as label,
        case when change_id ~ '^[0-9]{1,30}$' then change_id::numeric end as change_number
    from {{ ref('stg_jira__issue_changes') }}

),

classified as (

    select
        changes.*,
        coalesce(own_topics.topic, topics.topic) as topic,
        coalesce(topics.field_key, own_topics.topic) as field_key
    from changes
    left join own_topics on changes.label = own_topics.label
    left join topics
        on
            changes.connection = topics.connection
            and changes.label = topics.label
            and own_topics.topic is null
    where coalesce(own_topics.topic, topics.topic) is not null

)

select
    connection,
    issue_id,
    topic,
    field_key,
    row_number() over (
        partition by issue_id, topic
        order by created_at, change_number nulls first, change_id, position
    ) as change_position,
    {{ jira_value('from_value', 'from_text') }} as from_value,
    from_text,
    {{ jira_value('to_value', 'to_text') }} as to_value,
    to_text,
    created_at as changed_at
from classified
