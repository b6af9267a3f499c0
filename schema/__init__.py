"""What is stored: tables, migrations, SQL functions, and the catalogue for ADQL."""
