"""Geometry: constant shapes, their HEALPix cover, and the SQL of sky conditions."""
