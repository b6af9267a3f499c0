"""Tables that come in as files: read in batches whatever their format, stored by COPY."""
