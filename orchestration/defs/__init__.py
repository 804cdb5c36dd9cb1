"""What Dagster shows: a folder a room."""
