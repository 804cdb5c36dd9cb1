"""The checks at each door over a loaded warehouse: a process of its own, import and all."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from homes import add_home_options, loaded_home, warehouse_url
from measure import ROOT, machine, measure, table


def main() -> None:
    """Prints a table with one line per door."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_home_options(parser)
    parser.add_argument("--in-one-process", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_one_process:
        in_one_process()
        return
    before, rows = machine(), []
    with loaded_home(arguments.home, arguments.repositories, arguments.months) as environ:
        environ["SEI_QUALITY_URL"] = warehouse_url(environ, "inspector")
        told = subprocess.run(
            [sys.executable, __file__, "--in-one-process"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        within = dict(line.split() for line in told.stdout.splitlines())
        for door in ("raw", "marts", "metrics"):
            took = measure([sys.executable, "-m", "quality", "run", "--door", door], environ)
            rows.append(
                [
                    door,
                    f"{took.seconds:.1f}",
                    f"{float(within[door]):.1f}",
                    f"{took.peak_mib:.0f}",
                ]
            )
    print(f"{before}; importing Great Expectations took {float(within['import']):.1f} s")
    print(table(["door", "seconds, own process", "seconds, once imported", "peak MiB"], rows))


def in_one_process() -> None:
    """Prints the seconds of the import and of each door, as one process of Dagster has them."""
    began = time.monotonic()
    import great_expectations  # noqa: F401

    print("import", time.monotonic() - began)
    from quality.checkpoint import run
    from quality.suites import DOORS

    for door in DOORS:
        began = time.monotonic()
        run(door, os.environ["SEI_QUALITY_URL"], "bench")
        print(door, time.monotonic() - began)


if __name__ == "__main__":
    main()
