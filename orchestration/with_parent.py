"""Runs a program that ends when whoever started it ends: `python with_parent.py PROGRAM ARGUMENT …`

dagster-dbt starts dbt itself; a killed run would leave it behind, building tables while the next
run builds the same. Linux keeps the wish over exec; elsewhere the program is run as it is.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """The kernel kills this process when the one that started it ends; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    end_with_parent()
    if sys.platform == "linux" and os.getppid() == 1:  # it ended before the wish was known
        sys.exit(1)
    os.execvp(sys.argv[1], sys.argv[1:])
