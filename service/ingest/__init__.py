"""FITS files in: collection.toml, readers by convention, datasets and holdings."""
