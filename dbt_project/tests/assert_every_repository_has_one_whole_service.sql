-- A row means: the deployments of a repository would count for no service, or for several.
-- Not checked: services of paths inside a repository, any number of which may exist.
select
    repositories.repository_id,
    count(services.service_id) as service_count
from {{ ref('dim_repositories') }} as repositories
left join {{ ref('bridge_service_repositories') }} as services
    on repositories.repository_id = services.repository_id and services.path_prefix = ''
group by repositories.repository_id
having count(services.service_id) != 1
