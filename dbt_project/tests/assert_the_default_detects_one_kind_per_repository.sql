-- A row means: a repository without a rule has its deployments counted by two kinds of event, so
-- most of them twice. Not checked: repositories with rules, which may want several kinds.
select
    repository_id,
    count(distinct detected_by) as kind_count
from {{ ref('fct_deployments') }}
where detected_by like 'default:%'
group by repository_id
having count(distinct detected_by) > 1 or bool_or(rule_position is not null)
