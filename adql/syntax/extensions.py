"""What plain ADQL takes here beyond ADQL 2.1: form and description, as capabilities list them."""

EXTENSIONS: tuple[tuple[str, str], ...] = (
    ("CASE", "CASE WHEN condition THEN value ... ELSE value END, and CASE value WHEN value ..."),
    ("TRUE", "The truth value, to compare with and as a condition; FALSE likewise"),
    ("CROSS JOIN", "Every row of one table with every row of another"),
    (
        "DISTINCT ON",
        "SELECT DISTINCT ON (expressions) ...: of each group of rows in which the expressions are "
        "equal, the first row by ORDER BY",
    ),
    ("GROUP BY", "Groups by the name or the number of an output column"),
    ("SELECT *", "* beside other columns, as in SELECT *, a + b AS c"),
    ("IS NULL", "IS NULL and IS NOT NULL of any value, not of columns alone"),
)
