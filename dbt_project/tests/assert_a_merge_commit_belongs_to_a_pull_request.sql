-- A row means: the commit that merged a pull request passes for a direct push, so the change would
-- be counted twice. Not checked: which of several pull requests with that commit it belongs to.
select
    pull_requests.pull_request_id,
    commits.sha
from {{ ref('fct_pull_requests') }} as pull_requests
inner join {{ ref('fct_commits') }} as commits
    on
        pull_requests.repository_id = commits.repository_id
        and pull_requests.merge_commit_sha = commits.sha
where commits.pull_request_id is null
