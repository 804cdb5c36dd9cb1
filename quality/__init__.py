"""Checks at the doors of the warehouse: what must hold before the next room works with the rows."""
