"""Assets of the raw tables and the checks that belong to loading."""
