with statuses as (

    select
        deployment_id,
        min(created_at) filter (where state = 'IN_PROGRESS') as first_in_progress_at,
        min(created_at) filter (where state = 'SUCCESS') as first_success_at,
        max(created_at) filter (where state in ('FAILURE', 'ERROR')) as last_failure_at,
        min(created_at) filter (where state = 'INACTIVE') as first_inactive_at,
        max(run_id) as run_id,
        max(job_id) as job_id
    from {{ ref('stg_github__deployment_statuses') }}
    group by deployment_id

)

-- A later INACTIVE only says that a newer deployment took over: it undoes nothing.
select
    deployments.deployment_id,
    case
        when statuses.first_success_at is not null then 'success'
        when statuses.last_failure_at is not null then 'failure'
        when statuses.first_inactive_at is not null then 'canceled'
        else 'in_progress'
    end as status,
    coalesce(statuses.first_in_progress_at, deployments.created_at) as started_at,
    coalesce(
        statuses.first_success_at, statuses.last_failure_at, statuses.first_inactive_at
    ) as finished_at,
    statuses.run_id,
    statuses.job_id
from {{ ref('stg_github__deployments') }} as deployments
left join statuses on deployments.deployment_id = statuses.deployment_id
