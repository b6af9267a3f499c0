"""The user-defined functions."""
