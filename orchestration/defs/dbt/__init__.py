"""Assets of staging, intermediate and marts."""
