{{ config(indexes=[{'columns': ['service_id']}]) }}

with services as (

    select
        repository_id,
        service_id,
        path_prefix,
        is_deployed
    from {{ ref('int_service_repositories_matched') }}
    where is_split

),

commits as (

    select
        commits.repository_id,
        commits.sha,
        commits.changed_paths
    from {{ ref('int_commits_unioned') }} as commits
    where exists (
        select 1 from services
        where services.repository_id = commits.repository_id
    )

),

-- Directories instead of files would be fewer, but a path may name a file.
by_path as (

    select distinct
        commits.repository_id,
        commits.sha,
        services.service_id
    from commits
    cross join lateral unnest(commits.changed_paths) as files (path)
    inner join services
        on
            commits.repository_id = services.repository_id
            and services.path_prefix != ''
            and {{ path_matches('files.path', 'services.path_prefix') }}

)

select
    repository_id,
    sha,
    service_id,
    'path' as reason
from by_path

union all

-- What no path claims is left to the service of the whole repository.
select
    commits.repository_id,
    commits.sha,
    services.service_id,
    'rest'
from commits
inner join services
    on commits.repository_id = services.repository_id and services.path_prefix = ''
left join by_path
    on commits.repository_id = by_path.repository_id and commits.sha = by_path.sha
where commits.changed_paths is not null and by_path.sha is null

union all

-- Wrongly counted by all is better than lost to all: a lost change would be shipped by none.
select distinct
    commits.repository_id,
    commits.sha,
    services.service_id,
    'unknown'
from commits
inner join services on commits.repository_id = services.repository_id
where commits.changed_paths is null and services.is_deployed
