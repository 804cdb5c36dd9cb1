{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- The service of an issue: of its repository, or (Jira) of its component, else of its project.
with places as (

    select * from {{ ref('int_service_jira_places_parsed') }}

),

issue_places as (

    select
        issue_id,
        connection,
        'project' as kind,
        lower(project_key) as value
    from {{ ref('stg_jira__issues') }}

    union

    select
        issues.issue_id,
        issues.connection,
        'component',
        lower(components.name)
    from {{ ref('stg_jira__issues') }} as issues
    cross join lateral unnest(issues.components) as components (name)

),

services as (

    select
        service_id,
        bool_or(kind = 'component') as has_components,
        bool_or(kind = 'project') as has_projects
    from places
    group by service_id

),

matched as (

    select
        issue_places.issue_id,
        places.service_id,
        bool_or(places.kind = 'component') as is_by_component,
        bool_or(places.kind = 'project') as is_by_project
    from issue_places
    inner join places
        on
            issue_places.kind = places.kind
            and issue_places.value = places.value
            and (places.connection is null or issue_places.connection = places.connection)
    group by issue_places.issue_id, places.service_id

),

-- Where a service names both, both must fit.
fitting as (

    select
        matched.issue_id,
        matched.service_id,
        rank() over (
            partition by matched.issue_id order by matched.is_by_component desc
        ) as preference
    from matched
    inner join services on matched.service_id = services.service_id
    where
        matched.is_by_component = services.has_components
        and matched.is_by_project = services.has_projects

)

select
    issue_id,
    min(service_id) as service_id
from fitting
where preference = 1
group by issue_id
having count(*) = 1

union all

select
    issues.issue_id,
    services.service_id
from {{ ref('int_issues_unioned') }} as issues
inner join {{ ref('int_service_repositories_matched') }} as services
    on issues.repository_id = services.repository_id and services.path_prefix = ''
