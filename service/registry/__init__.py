"""What the world is told of the archive: a publishing registry of the Virtual Observatory."""
