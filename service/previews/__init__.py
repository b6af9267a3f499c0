"""Previews of files: images and cubes as PNG, spectra and time series as SVG.

Drawn by a worker when somebody first asks, kept in the work store, drawn again where the file's
bytes, its kind or `drawable.RENDERER` changed. What is kept is known by `archive.preview`.
"""
