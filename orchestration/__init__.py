"""Dagster and the command line: the only room that imports the others."""
