"""A company that never was: its story, its true numbers, and its GitHub served on this machine.

Imported by the command line and by tests only; imports nothing of the project.
"""

from demo.company import Company
from demo.settings import sei_toml

__all__ = ["Company", "sei_toml"]
