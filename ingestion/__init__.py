"""The loading room: APIs to raw Postgres tables with dlt. Knows neither Dagster nor business rules."""
