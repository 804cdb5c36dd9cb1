"""A company that never was: its story, its true numbers, and its GitHub served on this machine.

Imported by the command line and by tests only; imports nothing of the project.
"""
