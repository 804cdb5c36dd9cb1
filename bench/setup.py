"""From a fresh clone to `make setup` done. Meaningful with a warm package cache: run it twice."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from measure import ROOT, machine, measure, table

# What an activated or running environment leaves behind and a newcomer does not have.
_INHERITED = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "MAKEFLAGS", "SEI_HOME", "SEI_CONFIG")


def main() -> None:
    """Prints a table; removes the clone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the clone and say where it is")
    arguments = parser.parse_args()
    before = machine()
    folder = Path(tempfile.mkdtemp(prefix="sei-bench-"))
    environ = {key: value for key, value in os.environ.items() if key not in _INHERITED}
    try:
        clone = folder / "sei"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        made = measure(["make", "setup"], environ, clone)
        size = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*"))
        print(before)
        print(
            table(
                ["step", "seconds", "CPU seconds", "peak MiB", ".venv MiB"],
                [
                    [
                        "make setup",
                        f"{made.seconds:.0f}",
                        f"{made.cpu_seconds:.0f}",
                        f"{made.peak_mib:.0f}",
                        f"{size / 2**20:.0f}",
                    ]
                ],
            )
        )
    finally:
        if arguments.keep:
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
