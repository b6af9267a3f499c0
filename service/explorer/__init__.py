"""The archive to browse: schemas, tables, columns, examples, functions, and a box for queries."""
