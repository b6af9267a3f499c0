"""What is stored: tables, migrations, SQL functions, and the catalogue that ADQL resolves against."""
