"""When things run and what happens when they fail: every policy by name, argued for here.

One nightly run refreshes everything in dependency order. It is a schedule and not a web of
conditions, because the layers must fit together: metrics over half-refreshed marts are wrong.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

# On every asset of a refresh; the limit of one in dagster.yaml keeps two from running at once.
REFRESH_TAG = "sei/refresh"
STARTED_BY_TAG = "sei/started_by"
COMMAND_LINE = "command line"
# host:pid of the process that executes the run, so that a killed one can be told from a slow one.
PROCESS_TAG = "sei/process"

# The client itself waits for rate limits and retries requests; this is for longer outages.
LOAD_RETRIES = dg.RetryPolicy(
    max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)

# A night may be missed (a machine asleep), two may not.
DAILY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=50)
)


def with_default_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Every table of ours is expected daily; only an asset's own policy says otherwise."""
    return dg.apply_freshness_policy(spec, DAILY, overwrite_existing=False)


def metrics_follow_marts() -> dg.AutomationCondition:
    """Metrics are computed again when somebody rebuilt a mart by hand.

    Within a refresh they are in progress or newer than the marts already, so nothing runs twice.
    No other asset has a condition: raw tables cost API requests, and dbt's layers are one command.
    """
    checked = dg.AutomationCondition.all_deps_blocking_checks_passed()
    return (dg.AutomationCondition.eager() & checked).with_label("metrics_follow_marts")


# In the metadata of a failed step: what failed is the user's to mend.
MISTAKE = "wrong settings or credentials"


def is_mistake(error: BaseException) -> bool:
    """Whether wrong settings or credentials are behind the error."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        names = {kind.__name__ for kind in type(found).__mro__}
        if names & {"SettingsError", "Unauthorized"}:
            return True
        seen.append(found)
        # dlt keeps what went wrong in a step beside Python's own chain.
        inner = getattr(found, "exception", None)
        found = inner if isinstance(inner, BaseException) else found.__cause__ or found.__context__
    return False


def may_retry(run: dg.DagsterRun, error: BaseException) -> bool:
    """Whether another try can help: nobody waits at a terminal, and it is no wrong setting."""
    return not is_mistake(error) and run.tags.get(STARTED_BY_TAG) != COMMAND_LINE
