{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with repositories as (

    select
        repository_id,
        connection,
        full_name
    from {{ ref('int_repositories_unioned') }}

),

statements as (

    select
        {{ slug('service') }} as service_slug,
        nullif(split_part(repository, ':', case when repository like '%:%' then 1 else 2 end), '')
            as connection,
        split_part(repository, ':', case when repository like '%:%' then 2 else 1 end) as glob,
        {{ path_prefix('path_prefix') }} as path_prefix
    from {{ ref('stg_settings__service_repositories') }}

),

matched as (

    select
        'service:' || statements.service_slug as service_id,
        repositories.repository_id,
        statements.path_prefix,
        statements.glob,
        lower(statements.glob) = lower(repositories.full_name) as is_exact
    from statements
    inner join repositories
        on
            (statements.connection is null or statements.connection = repositories.connection)
            and {{ repository_matches('repositories.full_name', 'statements.glob') }}

),

-- A deployment belongs to one service: of several that claim the whole repository, the one that
-- names it wins, then the longest glob.
whole as (

    select distinct on (repository_id)
        repository_id,
        service_id
    from matched
    where path_prefix = ''
    order by repository_id, is_exact desc, length(glob) desc, service_id

),

split as (

    select distinct repository_id from matched
    where path_prefix != ''

)

-- Beside services of paths the default is only what they leave over: nobody deploys that.
select
    coalesce(whole.service_id, repositories.repository_id) as service_id,
    repositories.repository_id,
    '' as path_prefix,
    whole.service_id is null as is_default,
    split.repository_id is not null as is_split,
    whole.service_id is not null or split.repository_id is null as is_deployed
from repositories
left join whole on repositories.repository_id = whole.repository_id
left join split on repositories.repository_id = split.repository_id

union all

select distinct
    service_id,
    repository_id,
    path_prefix,
    false,
    true,
    true
from matched
where path_prefix != ''
