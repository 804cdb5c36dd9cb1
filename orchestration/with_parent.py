"""Runs a program that ends when whoever started it ends: `python with_parent.py PROGRAM ARGUMENT …`

dagster-dbt starts dbt itself; a killed run would leave it behind, building tables while the next
run builds the same. Linux keeps the wish over exec; elsewhere the program is run as it is.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # it ended before the wish was known
            sys.exit(1)
    os.execvp(sys.argv[1], sys.argv[1:])
