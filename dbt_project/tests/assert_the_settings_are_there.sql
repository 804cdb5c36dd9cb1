-- A row means: facts were loaded but not the settings, so nobody knows the time zone or what a
-- production environment is. Not checked: that the settings are the latest ones.
select repositories.repository_count
from (select count(*) as repository_count from {{ ref('dim_repositories') }}) as repositories
where
    repositories.repository_count > 0
    and not exists (select 1 from {{ ref('dim_metric_settings') }})
