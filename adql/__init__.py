"""ADQL in, PostgreSQL out: text and a catalogue become one SELECT and its described columns.

Knows no database, no HTTP and no configuration; usable alone.
"""
