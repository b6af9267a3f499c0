"""Simple Cone Search 1.03: what lies within a circle, of every table with a position."""
