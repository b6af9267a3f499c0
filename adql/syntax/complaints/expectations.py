"""What must stand after a word, and does not."""

from adql.syntax.complaints.context import Context
from adql.syntax.complaints.names import type_of_adql
from adql.syntax.complaints.signs import Complaint, on

_AFTER: dict[str, str] = {
    "TOP": "TOP takes a whole number without parentheses: write TOP 10",
    "OFFSET": "OFFSET takes a whole number: write OFFSET 10",
    "IN": "IN takes a list or a query between parentheses: write IN (1, 2)",
    "USING": "USING takes names between parentheses: write USING (name)",
    "GROUP": "GROUP takes BY: write GROUP BY",
    "ORDER": "ORDER takes BY: write ORDER BY",
    "EXISTS": "EXISTS takes a query between parentheses: write EXISTS (SELECT ...)",
    "LEFT": "LEFT takes JOIN: write LEFT JOIN",
    "RIGHT": "RIGHT takes JOIN: write RIGHT JOIN",
    "FULL": "FULL takes JOIN: write FULL JOIN",
    "INNER": "INNER takes JOIN: write INNER JOIN",
    "OUTER": "OUTER takes JOIN: write OUTER JOIN",
    "NATURAL": "NATURAL takes JOIN: write NATURAL JOIN",
    "CAST": "CAST takes a value and a type: write CAST(value AS type)",
}
_EXPECTED = {
    "_COMMA": "','",
    "_DOT": "'.'",
    "LPAR": "'('",
    "LITERALS": "a value",
    "RPAR": "')'",
    "$END": "the end of the query",
    "INT": "a whole number",
    "DELIMITED": "a name",
    "NAME": "a name",
    "STRING": "a string",
    "COMPARISON": "a comparison (=, <, ...)",
    "_FROM": "FROM",
    "STAR": "'*'",
    "SLASH": "'/'",
    "SIGN": "'+' or '-'",
    "_CONCAT": "'||'",
    "NUMBER": "a number",
    "FUNCTION": "a function",
    "AGGREGATE": "an aggregate",
    "TYPE": "a type",
}
_SILENT = frozenset({"RESERVED", "_SEMICOLON"})


def follower(c: Context) -> Complaint | None:
    """A word that asks for something particular behind it."""
    piece, last = c.piece, c.back()
    if last.upper == "IS" or (last.upper == "NOT" and c.back(2).upper == "IS"):
        sign = "=" if last.upper == "IS" else "<>"
        message = f"IS takes NULL or NOT NULL: write {sign} {piece.text} for a value"
        return on(piece, message) if piece.kind != "end" else None
    if last.upper == "AS" and piece.kind == "string":
        name = piece.text[1:-1]
        return on(piece, f'a name stands between double quotes: write "{name}"')
    if piece.upper == "SELECT" and last.upper in ("IN", "EXISTS"):
        return on(piece, f"a query stands between parentheses: write {last.text} (SELECT ...)")
    if piece.upper == "DISTINCT" and last.upper in ("UNION", "EXCEPT", "INTERSECT"):
        return on(piece, f"{last.text} alone leaves doubles out: write it without DISTINCT")
    if last.upper in _AFTER and last.is_keyword and piece.kind != "end":
        return on(piece, _AFTER[last.upper])
    if piece.upper == "OUTER":
        return on(piece, "OUTER takes LEFT, RIGHT or FULL: write LEFT OUTER JOIN")
    if last.kind == "number" and piece.upper in ("ROW", "ROWS"):
        return on(piece, f"{piece.text} is not ADQL: leave it out, and write TOP n for FETCH")
    return None


def names_of_join(c: Context) -> Complaint | None:
    """USING (t.name) or USING (1): plain names alone (ADQL 2.1 §2.2.2)."""
    if c.frame is None or c.frame.before.upper != "USING":
        return None
    name = c.ahead().text if c.piece.text == "." else "name"
    return on(c.piece, f"USING takes plain column names: write USING ({name})")


def tables(c: Context) -> Complaint | None:
    """Subqueries without a name, parentheses around one table, names for `*`."""
    piece, last = c.piece, c.back()
    if last.text == ")" and c.expected <= {"_AS", "AS", "NAME", "DELIMITED"} | _SILENT:
        return on(last, "a query in FROM has a name: write (SELECT ...) AS name")
    opened = c.frame.before.upper if c.frame and not c.frame.clause else ""
    if piece.text == ")" and last.is_name and opened in ("FROM", "JOIN"):
        return on(piece, "parentheses stand around joins, not around one table: leave them out")
    if piece.text == "(" and last.is_name and c.back(2).upper in ("FROM", "JOIN"):
        return on(last, f"{last.shown} gives no table, as no function does: write a table's name")
    if last.text == "*" and (piece.upper == "AS" or piece.is_name) and c.clause == "SELECT":
        return on(piece, "* stands for many columns and takes no name: leave it out")
    return None


def types(c: Context) -> Complaint | None:
    """VARCHAR(MAX), DECIMAL(10, 2): a type of ADQL has one length or none."""
    if c.frame is None or c.expected - _SILENT > {"RPAR", "INT"} or c.piece.kind == "end":
        return None
    kind = c.frame.before
    wanted = type_of_adql(kind.text)
    if wanted is not None:
        return on(kind, f"no type {kind.text} in ADQL: write {wanted}")
    if kind.terminal == "TYPE":
        return on(c.piece, f"a type has one length or none: write {kind.text}")
    return None


def between(c: Context) -> Complaint | None:
    """BETWEEN low TO high, BETWEEN low, high."""
    operators = {"SIGN", "STAR", "SLASH", "_CONCAT", "_DOT", "LPAR"}
    if c.expected - operators == {"AND"} and c.piece.kind != "end":
        return on(c.piece, "BETWEEN takes AND: write BETWEEN low AND high")
    return None


def statements(c: Context) -> Complaint | None:
    """Something behind a semicolon, or WITH within a query."""
    if c.piece.kind == "end":
        return None
    if c.back().text == ";":
        return on(c.piece, "one query at a time: nothing may follow ';'")
    if c.piece.upper == "WITH":
        return on(c.piece, "WITH may stand only at the start of the whole query")
    if c.piece.kind == "word" and c.ahead().text == ":" and c.ahead(2).start != c.ahead().end:
        return on(c.piece, f"'{c.piece.text}:' is no part of a query: leave what is no ADQL out")
    if c.piece.upper == "AS" and c.clause == "ORDER":
        return on(c.piece, "AS gives no name in ORDER BY: write ASC, DESC or nothing")
    return None


def whatever(c: Context) -> Complaint:
    """What is left: the piece, the one before it, and what could stand there."""
    if c.piece.kind == "end":
        return _unfinished(c)
    here, before = c.piece.shown, c.back().shown
    expected = _expected(c)
    if 0 < len(expected) <= 4:
        return on(c.piece, f"{here} cannot follow {before}: write {' or '.join(expected)}")
    if c.wants_value:
        return on(c.piece, f"between {before} and {here} a value is missing: write it there")
    return on(c.piece, f"{here} cannot follow {before}: leave one of them out")


def _expected(c: Context) -> list[str]:
    """What could stand at the place, in words."""
    return sorted({_EXPECTED.get(terminal, terminal) for terminal in c.expected - _SILENT})


def _unfinished(c: Context) -> Complaint:
    last = c.back()
    if last.upper in _AFTER and last.is_keyword:
        return on(last, f"the query ends too early: {_AFTER[last.upper]}")
    expected = _expected(c)
    if c.wants_value:
        wanted = "a condition or value" if last.upper in ("WHERE", "AND", "ON", "OR") else "a value"
    elif c.wants_table:
        wanted = "a table"
    elif "TYPE" in c.expected:
        wanted = "a type"
    elif "SELECT" in expected:
        wanted = "SELECT"
    elif 0 < len(expected) <= 4:
        wanted = " or ".join(expected)
    else:
        wanted = "more"
    return on(last, f"the query ends after {last.shown}: write {wanted} there")
