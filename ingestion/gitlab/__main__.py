"""Smoke run: prints what the credentials of sei.toml see; with --load, loads it as well.

python -m ingestion.gitlab [--load] [CONNECTION …]
"""

from __future__ import annotations

import sys

from ingestion.gitlab.check import check
from ingestion.gitlab.load import load
from ingestion.loading import smoke

if __name__ == "__main__":
    sys.exit(smoke.main("gitlab", "projects", check, load))
