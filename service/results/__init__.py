"""Row streams and formats: PostgreSQL's COPY in, VOTable, CSV and others out."""
