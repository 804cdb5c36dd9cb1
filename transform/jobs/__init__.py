"""Programs that run a computation; the only place that may speak to the orchestrator."""
