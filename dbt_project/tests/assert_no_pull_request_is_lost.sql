-- A row means: a pull request that was loaded is not in fct_pull_requests, so every rate over pull
-- requests is too low. Not checked: that the loader brought all of them.
select loaded.pull_request_id
from {{ ref('int_pull_requests_unioned') }} as loaded
left join {{ ref('fct_pull_requests') }} as facts
    on loaded.pull_request_id = facts.pull_request_id
where facts.pull_request_id is null
