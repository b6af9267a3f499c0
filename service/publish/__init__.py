"""Tables of any common format into TAP: read in a stream, loaded by COPY, indexed, described."""
