{{ config(indexes=[
    {'columns': ['repository_id', 'authored_at']},
    {'columns': ['pull_request_id']},
    {'columns': ['author_id']},
    {'columns': ['sha']},
]) }}

select
    commits.repository_id,
    commits.sha,
    authors.developer_id as author_id,
    commits.authored_at,
    commits.committed_at,
    commits.parent_shas,
    commits.additions,
    commits.deletions,
    commits.message_headline,
    commits.is_on_default_branch,
    linked.pull_request_id,
    linked.method as pull_request_link_method
from {{ ref('int_commits_unioned') }} as commits
inner join {{ ref('int_repositories_unioned') }} as repositories
    on commits.repository_id = repositories.repository_id
left join {{ ref('int_commits_linked') }} as linked
    on commits.repository_id = linked.repository_id and commits.sha = linked.sha
left join {{ ref('int_commit_author_accounts') }} as signed
    on
        commits.author_account_id is null
        and commits.connection = signed.connection
        and lower(btrim(commits.author_email)) = signed.author_email
left join {{ ref('int_developers_matched') }} as authors
    on coalesce(commits.author_account_id, signed.account_id) = authors.account_id
