"""metrics.dora: one value per entity, environment, period and metric. A file a metric."""
