"""How long raw rows may be kept: which tables `[retention]` shortens, and by which time of a row.

Only rows that nothing kept hangs on: commits, pull requests, issues, deployments, releases and tags
stay whatever their age, since the commit graph and all links need them.
"""

from __future__ import annotations

from ingestion.contracts.tables import SOURCES

# Conditions in SQL on a row `t`; %(before)s is the moment before which rows go. Jobs go with their
# run, before it: order matters.
AGED_ROWS: tuple[tuple[str, str], ...] = (
    (
        "raw_github.workflow_jobs",
        "exists (select 1 from raw_github.workflow_runs as run where run.connection = t.connection"
        " and run.database_id = t.run_id"
        " and coalesce(run.updated_at, run.created_at) < %(before)s)",
    ),
    ("raw_github.workflow_runs", "coalesce(t.updated_at, t.created_at) < %(before)s"),
    ("raw_github.issue_comments", "t.created_at < %(before)s"),
    ("raw_github.pull_request_review_comments", "t.created_at < %(before)s"),
    (
        "raw_gitlab.jobs",
        "exists (select 1 from raw_gitlab.pipelines as run where run.connection = t.connection"
        " and run.id = t.pipeline_id"
        " and coalesce(run.updated_at, run.created_at) < %(before)s)",
    ),
    ("raw_gitlab.pipelines", "coalesce(t.updated_at, t.created_at) < %(before)s"),
    ("raw_gitlab.merge_request_notes", "t.created_at < %(before)s"),
    ("raw_jira.worklogs", "t.started_at < %(before)s"),
)

# Logs of the loader: one row a repository and sync. One row of each sync stays, since memberships
# end when the next sync looked, and so does a connection's last sync.
_OLD_ATTEMPT = (
    "t.synced_at < %(before)s"
    " and t.synced_at < (select max(last.synced_at) from {table} as last"
    " where last.connection = t.connection)"
    " and exists (select 1 from {table} as other where other.connection = t.connection"
    " and other.synced_at = t.synced_at and other.ctid < t.ctid)"
)
ATTEMPTS: tuple[tuple[str, str], ...] = tuple(
    (table, _OLD_ATTEMPT.format(table=table))
    for table in (
        "raw_github.repository_syncs",
        "raw_gitlab.project_syncs",
        "raw_jira.project_syncs",
    )
)
LEDGERS: tuple[tuple[str, str], ...] = tuple(
    (f"raw_{source}.request_ledger", "t.synced_at < %(before)s") for source in SOURCES
)
