{{ config(indexes=[{'columns': ['target_issue_id']}]) }}

-- A link that was taken away is no longer read with the issue that it was seen from.
select
    links.issue_link_id,
    links.source_issue_id,
    links.target_issue_id,
    links.type
from {{ ref('stg_jira__issue_links') }} as links
inner join {{ ref('stg_jira__issues') }} as seen_from
    on links.seen_from_issue_id = seen_from.issue_id and links.synced_at = seen_from.synced_at
inner join {{ ref('stg_jira__issues') }} as source_issues
    on links.source_issue_id = source_issues.issue_id
inner join {{ ref('stg_jira__issues') }} as target_issues
    on links.target_issue_id = target_issues.issue_id
