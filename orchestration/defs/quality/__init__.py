"""Checks at the doors."""
