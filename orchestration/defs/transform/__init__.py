"""Assets of the metrics tables."""
