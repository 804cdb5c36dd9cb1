"""The loading room: APIs to raw Postgres tables with dlt. No Dagster, no business rules."""
