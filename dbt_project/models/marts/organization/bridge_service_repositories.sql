select
    service_id,
    repository_id,
    path_prefix
from {{ ref('int_service_repositories_matched') }}
