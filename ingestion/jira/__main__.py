"""Smoke run: prints what the credentials of sei.toml see; with --load, loads it as well.

python -m ingestion.jira [--load] [CONNECTION …]
"""

from __future__ import annotations

import sys

from ingestion.jira.check import check
from ingestion.jira.load import load
from ingestion.loading import smoke

if __name__ == "__main__":
    sys.exit(smoke.main("jira", "projects", check, load))
