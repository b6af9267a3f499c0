"""Words of other dialects of SQL, each with the ADQL way to say it (functions: elsewhere.py)."""

_NO_WINDOWS = "window functions do not exist; join with a subquery that has GROUP BY"
_NO_CLOCK = "write the time itself, as in '2026-01-31T00:00:00'"
_PATTERN = "write LIKE with % and _"
_TIMES = "write times as 'YYYY-MM-DDThh:mm:ss'"

CLAUSES: dict[str, str] = {
    "REGEXP": _PATTERN,
    "RLIKE": _PATTERN,
    "GLOB": _PATTERN,
    "SIMILAR": _PATTERN,
    "INTO": "a query only reads; leave INTO and what follows it out",
    "MINUS": "write EXCEPT",
    "OVER": _NO_WINDOWS,
    "QUALIFY": _NO_WINDOWS,
    "WINDOW": _NO_WINDOWS,
    "LATERAL": "write a join with ON, or a subquery in WHERE",
    "APPLY": "write a join with ON",
    "UNNEST": "arrays cannot be unpacked",
    "PIVOT": "write one aggregate a column",
    "TABLESAMPLE": "write WHERE RAND() < 0.01",
    "FILTER": "write a subquery with WHERE",
    "WITHIN": "ordered aggregates do not exist",
    "NULLS": "leave NULLS FIRST or NULLS LAST out",
    "COLLATE": "leave it out",
    "ESCAPE": "leave it out; % and _ in LIKE are always wildcards",
    "RECURSIVE": "a query of WITH cannot read itself",
    "OPTION": "leave it out",
    "PREWHERE": "write WHERE",
    "ISNULL": "write IS NULL",
    "NOTNULL": "write IS NOT NULL",
    "START": "queries that follow a tree do not exist",
    "CONNECT": "queries that follow a tree do not exist",
    "OVERLAPS": "compare the ends of the intervals",
    "GO": "leave it out",
    "ANY": "write IN (...)",
    "SOME": "write IN (...)",
    "ROLLUP": "write one query a grouping",
    "FOR": "leave it out; a query only reads",
}
"""Words that begin or join something; "X is not ADQL: ..." """

OPERATORS: dict[str, str] = {
    "DIV": "write FLOOR(a / b)",
    "MOD": "write MOD(a, b)",
    "XOR": "write (a OR b) AND NOT (a AND b)",
}
"""Words that stand between two values; "X between values is not ADQL: ..." """

NEED_FOLLOWER: dict[str, frozenset[str]] = {
    "ANY": frozenset("("),
    "SOME": frozenset("("),
    "FOR": frozenset({"UPDATE", "XML", "JSON", "SHARE", "READ"}),
    "OVER": frozenset("("),
    "LATERAL": frozenset("("),
    "UNNEST": frozenset("("),
    "WITHIN": frozenset({"GROUP"}),
    "FILTER": frozenset("("),
    "PIVOT": frozenset("("),
    "TABLESAMPLE": frozenset("("),
    "NULLS": frozenset({"FIRST", "LAST"}),
    "START": frozenset({"WITH"}),
    "CONNECT": frozenset({"BY"}),
    "SIMILAR": frozenset({"TO"}),
}
"""What must follow a word before it means this: each of them is a fine name too."""

_CHANGES = """
INSERT UPDATE DELETE CREATE DROP ALTER GRANT REVOKE TRUNCATE EXEC EXECUTE CALL SET BEGIN COMMIT
ROLLBACK MERGE REPLACE COPY VACUUM ANALYZE LOAD
"""
STATEMENTS: dict[str, str] = {
    **dict.fromkeys(_CHANGES.split(), "a query starts with SELECT"),
    "DECLARE": "variables do not exist; a query starts with SELECT",
    "USE": "write schema.table in a query that starts with SELECT",
    "EXPLAIN": "a query starts with SELECT",
    **dict.fromkeys(
        ("SHOW", "DESCRIBE", "DESC"),
        "write SELECT * FROM TAP_SCHEMA.tables, or TAP_SCHEMA.columns",
    ),
}
"""First words of statements; "X is not allowed: ..." """

COLUMNS: dict[str, str] = {
    "ROWNUM": "write TOP n after SELECT",
    "SYSDATE": _NO_CLOCK,
    "PERCENT": "TOP takes a number of rows",
    "ROWID": "name a column of the table",
}
"""Names that other servers give to what is no column."""

WORDS: dict[str, str] = {
    "CURRENT_DATE": _NO_CLOCK,
    "CURRENT_TIME": _NO_CLOCK,
    "CURRENT_TIMESTAMP": _NO_CLOCK,
}
"""Reserved words that other servers take for a value."""

LITERALS: dict[str, str] = {
    "DATE": _TIMES,
    "TIME": _TIMES,
    "TIMESTAMP": _TIMES,
    "INTERVAL": "add days to a Modified Julian Date: ivo_to_mjd(time) + 1",
}
"""Words that stand before a string in a literal of SQL."""

TYPES: dict[str, str] = {
    **dict.fromkeys(("INT", "INT4", "MEDIUMINT", "SIGNED", "UNSIGNED"), "INTEGER"),
    **dict.fromkeys(("INT2", "TINYINT", "BIT", "BOOL", "BOOLEAN", "SHORT"), "SMALLINT"),
    **dict.fromkeys(("INT8", "LONG"), "BIGINT"),
    "FLOAT4": "REAL",
    **dict.fromkeys(
        ("FLOAT", "FLOAT8", "DOUBLE", "DECIMAL", "NUMERIC", "NUMBER"), "DOUBLE PRECISION"
    ),
    **dict.fromkeys(
        ("TEXT", "STRING", "NVARCHAR", "NCHAR", "VARCHAR2", "CHARACTER", "CLOB"), "VARCHAR"
    ),
    **dict.fromkeys(("DATE", "DATETIME", "DATETIME2", "TIME", "TIMESTAMPTZ"), "TIMESTAMP"),
    "SPOINT": "POINT",
    "SCIRCLE": "CIRCLE",
    **dict.fromkeys(("SPOLY", "SBOX"), "POLYGON"),
}
"""Types of other servers, and the type of ADQL that holds the same."""

_HINT_WORDS = "NOLOCK READUNCOMMITTED READPAST TABLOCK HOLDLOCK ROWLOCK INDEX FORCESEEK"
HINTS = frozenset(_HINT_WORDS.split())
"""Table hints of SQL Server: FROM t WITH (NOLOCK)."""

_UNIT_WORDS = """
DEG DEGREE DEGREES ARCMIN ARCMINS ARCSEC ARCSECS MAS PC KPC MPC MAG KM DAY DAYS HOUR HOURS YR
"""
UNITS = frozenset(_UNIT_WORDS.split())
"""Units that people write behind numbers."""
