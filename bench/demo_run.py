"""`sei demo`: the first run, and what a repeated one takes; memory of all it starts."""

from __future__ import annotations

import argparse

from homes import fresh_home
from measure import BIN, machine, measure, table


def main() -> None:
    """Prints a table with one line per run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=12)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    command = [str(BIN / "sei"), "demo"]
    command += ["--repositories", str(arguments.repositories), "--months", str(arguments.months)]
    before, rows = machine(), []
    with fresh_home() as environ:
        for number in range(1, arguments.runs + 1):
            took = measure(command, environ)
            largest = sorted(took.by_program.items(), key=lambda item: -item[1])[:4]
            rows.append(
                [
                    number,
                    f"{took.seconds:.0f}",
                    f"{took.cpu_seconds:.0f}",
                    f"{took.peak_mib:.0f}",
                    ", ".join(f"{name} {mib:.0f}" for name, mib in largest),
                ]
            )
    print(f"{before}; {arguments.repositories} repositories, {arguments.months} months")
    print(table(["run", "seconds", "CPU seconds", "peak MiB", "of which"], rows))


if __name__ == "__main__":
    main()
