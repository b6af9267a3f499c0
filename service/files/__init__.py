"""/files/{id}: one file of the archive, as it lies in its publisher's store."""
