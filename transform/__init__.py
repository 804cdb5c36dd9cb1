"""What happened, amounted to numbers: marts in, metrics out, computed by Spark."""
