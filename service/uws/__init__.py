"""Jobs as IVOA sees them (UWS 1.1): rows in PostgreSQL, shared by TAP async and bulk."""
