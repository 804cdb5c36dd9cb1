"""Smoke run: prints what the credentials of sei.toml see; with --load, loads it as well.

python -m ingestion.github [--load] [CONNECTION …]
"""

from __future__ import annotations

import sys

from ingestion.github.check import check
from ingestion.github.load import load
from ingestion.loading import smoke

if __name__ == "__main__":
    sys.exit(smoke.main("github", "repositories", check, load))
