"""Parts of a query that are missing, stand in the wrong order, or are not closed."""

from adql.syntax.complaints.context import Context, Piece
from adql.syntax.complaints.signs import Complaint, on

_RANK = {"SELECT": 0, "FROM": 1, "WHERE": 2, "GROUP": 3, "HAVING": 4, "ORDER": 5, "OFFSET": 6}
_JOINS = ("LEFT", "RIGHT", "FULL", "INNER", "NATURAL", "CROSS")
_PAIRS = {"GROUP": "BY", "ORDER": "BY", **dict.fromkeys(_JOINS, "JOIN")}
_JOINING = frozenset({*_JOINS, "JOIN", "OUTER", "ON", "USING"})
_COLUMNS_AND_TABLE = "write SELECT columns FROM table"
_COMPARISONS = frozenset(["=", "<>", "!=", "<", ">", "<=", ">="])
_PREDICATES = frozenset({"IN", "LIKE", "ILIKE", "IS", "NOT", "BETWEEN"})
_HARD_WORDS = """
SELECT FROM WHERE AND OR HAVING JOIN ON UNION EXCEPT INTERSECT THEN WHEN ELSE BETWEEN IS LIKE ILIKE
BY
"""
_HARD = frozenset(_HARD_WORDS.split())
"""Words that nobody takes for a name."""


def _clause(word: str) -> str:
    return f"{word} BY" if word in ("GROUP", "ORDER") else word


def _comes_later(c: Context, word: str) -> bool:
    """Whether a clause of this query follows; of subqueries none counts."""
    depth = 0
    for piece in c.after:
        depth += {"(": 1, ")": -1}.get(piece.text, 0)
        if depth < 0:
            return False
        if depth == 0 and piece.upper == word:
            return True
    return False


def is_frame_word(c: Context, piece: Piece) -> bool:
    """Whether a reserved word is here what it is reserved for, and no column of that name."""
    if not piece.is_keyword:
        return False
    if c.back().text == "." or c.back().upper == "AS":
        return piece.upper in _HARD
    follower = c.ahead().upper if piece is c.piece else c.piece.upper
    return piece.upper in _HARD or follower == _PAIRS.get(piece.upper)


def clause_order(c: Context) -> Complaint | None:
    """A clause before the one it follows, after one it precedes, or twice (ADQL 2.1 §2.2)."""
    word = c.piece.upper if c.piece.kind == "word" else ""
    if word == "DISTINCT" and c.back(2).upper == "TOP":
        top = c.back().text
        return on(c.piece, f"DISTINCT stands before TOP: write SELECT DISTINCT TOP {top}")
    if not c.back().ends_value and c.back().text != "*":
        return None
    if word in _RANK and word not in ("SELECT", "FROM") and c.clause == "SELECT":
        if _comes_later(c, "FROM"):
            return on(c.piece, f"{_clause(word)} stands before FROM: write it after the tables")
        return on(c.piece, f"FROM is missing before {_clause(word)}: {_COLUMNS_AND_TABLE}")
    if word in ("AND", "OR") and c.clause == "FROM":
        message = f"{word} stands before any condition: write WHERE, or ON behind a JOIN, first"
        return on(c.piece, message)
    if word in _JOINING and c.clause in _RANK and _RANK[c.clause] > 1:
        message = f"{word} belongs to FROM: write it before {_clause(c.clause)}"
        return on(c.piece, message)
    if word == "ON" and c.clause == "FROM":
        return on(c.piece, "ON belongs to JOIN: write tables with JOIN, or the condition in WHERE")
    return _repeated(c, word)


def _repeated(c: Context, word: str) -> Complaint | None:
    if word not in _RANK or c.clause not in _RANK or word == "SELECT":
        return None
    if word == c.clause:
        joined = {"WHERE": "AND", "HAVING": "AND"}.get(word, "a comma")
        return on(c.piece, f"{_clause(word)} stands twice: join both with {joined}")
    if _RANK[word] < _RANK[c.clause]:
        return on(c.piece, f"{_clause(word)} belongs before {_clause(c.clause)}: write it there")
    return None


def missing_value(c: Context) -> Complaint | None:
    """Nothing where a value, table or condition should stand; or a comma too many."""
    piece, last = c.piece, c.back()
    if piece.kind == "end" or not (is_frame_word(c, piece) or piece.text in (")", ",", ";")):
        return None
    if last.text == "," and piece.text != ",":
        return on(last, f"a comma too many before {piece.shown}: leave it out")
    if last.text in ("(", ",") and piece.text in (")", ",") and c.frame:
        return _empty(c)
    has_none = last.upper in ("SELECT", "DISTINCT", "ALL") or c.back(2).upper == "TOP"
    if piece.upper == "FROM" and has_none:
        return on(piece, "no columns stand before FROM: write * for all of them")
    if last.ends_value or not (c.wants_value or c.wants_table or c.wants_name):
        return None
    if piece.upper == "SELECT":
        return on(piece, "a query within a query stands between parentheses: write (SELECT ...)")
    what = "a table" if c.wants_table else "a value" if c.wants_value else "a name"
    return on(piece, f"between {last.shown} and {piece.shown} {what} is missing: write it there")


def _empty(c: Context) -> Complaint:
    assert c.frame is not None
    before = c.frame.before
    if before.upper == "IN" and c.back().text == "(":
        return on(c.piece, "IN needs at least one value: write IN (1, 2)")
    if before.upper == "COUNT" and c.back().text == "(":
        return on(c.piece, "COUNT needs what it counts: write COUNT(*)")
    return on(c.piece, f"before {c.piece.shown} a value is missing: write it there")


def parentheses(c: Context) -> Complaint | None:
    """One that is not closed, or closes nothing."""
    piece, last = c.piece, c.back()
    if piece.text == ")" and c.frame is None and (last.ends_value or last.text == "*"):
        return on(piece, "this ')' closes nothing: leave it out, or open it earlier")
    if c.frame is None or "RPAR" not in c.expected:
        return None
    if piece.kind == "end":
        return on(c.frame.parenthesis, "this '(' is not closed: write ) where it ends")
    if piece.text == ";" or (piece.is_keyword and is_frame_word(c, piece)):
        message = f"this '(' is not closed before {piece.shown}: write ) where it ends"
        return on(c.frame.parenthesis, message)
    if piece.upper == "AS" and last.ends_value:
        message = "AS names whole columns: write ) before it, or leave the name out"
        return on(piece, message)
    return None


def second_name(c: Context) -> Complaint | None:
    """SELECT a AS b AS c, and FROM t u AS v."""
    if c.piece.upper == "AS" and c.back().is_name and "_COMMA" in c.expected:
        return on(c.piece, f"{c.back().shown} is a name already: write a comma behind it")
    return None


def missing_from(c: Context) -> Complaint | None:
    """SELECT * t, SELECT a s.t: the word in front of the table is missing."""
    piece, last = c.piece, c.back()
    if c.clause != "SELECT" or (c.frame and not c.frame.clause) or _comes_later(c, "FROM"):
        return None
    if last.text == "*" and piece.is_name:
        return on(piece, f"FROM is missing before {piece.shown}: write FROM {piece.text}")
    if piece.text == "." and last.is_name and (c.back(2).ends_value or c.back(2).text == "*"):
        return on(last, f"FROM is missing before {last.shown}: write FROM {last.text}")
    return None


def missing_where(c: Context) -> Complaint | None:
    """FROM t a = 1: the column was taken for a name of the table."""
    piece, last = c.piece, c.back()
    if c.clause != "FROM" or not (last.is_name and c.back(2).ends_value):
        return None
    if piece.text in _COMPARISONS or piece.upper in _PREDICATES:
        return on(last, f"WHERE is missing before {last.shown}: write WHERE {last.text}")
    return None


def _is_thousands(c: Context) -> bool:
    """1,000 without blanks."""
    before, after = c.back(), c.ahead()
    numbers = before.kind == after.kind == "number" and len(after.text) == 3
    return numbers and before.end == c.piece.start and c.piece.end == after.start


def commas(c: Context) -> Complaint | None:
    """One that is missing between two values or columns, or stands where AND should."""
    piece, last = c.piece, c.back()
    if piece.text == ",":
        if c.frame and c.frame.before.terminal == "AGGREGATE":
            name = c.frame.before.text
            return on(piece, f"{name} takes one value: leave the others out")
        if c.frame and c.frame.before.upper == "CAST":
            return on(piece, "CAST takes AS before the type: write CAST(value AS type)")
        if _is_thousands(c):
            number = f"{last.text},{c.ahead().text}"
            return on(piece, f"{number}: numbers have no commas, write {last.text}{c.ahead().text}")
        if c.frame and c.frame.before.is_keyword and not c.frame.clause:
            message = "(a, b) is no value: compare one value at a time, and write AND between"
            return on(c.frame.parenthesis, message)
        if c.clause in ("WHERE", "HAVING") or "AND" in c.expected:
            return on(piece, "a comma stands between conditions: write AND")
    if piece.text == "." and last.is_name and c.back(2).ends_value and "_COMMA" in c.expected:
        if c.clause == "FROM" and any(p.upper == "JOIN" for p in c.before):
            return on(last, f"ON is missing before {last.shown}: write ON {last.text}")
        message = f"between {c.back(2).shown} and {last.shown} a comma is missing: write it there"
        return on(last, message)
    starts = piece.starts_value or (piece.may_call and c.ahead().text == "(")
    if not (starts and (last.ends_value or last.text == "*")):
        return None
    if "_COMMA" in c.expected:
        more = " or JOIN" if c.clause == "FROM" and not c.frame else ""
        message = f"between {last.shown} and {piece.shown} a comma{more} is missing: write it there"
        return on(piece, message)
    if c.clause in ("WHERE", "HAVING") or c.expected & {"COMPARISON", "SIGN", "AND"}:
        message = f"between {last.shown} and {piece.shown} an operator is missing: write it there"
        return on(piece, message)
    return None


def comparisons(c: Context) -> Complaint | None:
    """a < b < c, and the like of = where IS, NOT or IN stand."""
    piece, last = c.piece, c.back()
    if piece.text in _COMPARISONS and last.upper == "NOT":
        return on(piece, f"NOT stands before a whole condition: write <> for 'not {piece.text}'")
    if last.text + piece.text in _COMPARISONS and last.end != piece.start:
        return on(piece, f"a blank within {last.text}{piece.text}: write {last.text}{piece.text}")
    if piece.text in _COMPARISONS and last.ends_value and c.clause in ("WHERE", "HAVING", "FROM"):
        message = "comparisons do not follow each other: write a < b AND b < c"
        return on(piece, message)
    if last.text in _COMPARISONS and piece.text in _COMPARISONS:
        return on(
            piece, f"'{last.text} {piece.text}' is no comparison: write one of = <> < > <= >="
        )
    if piece.upper == "NULL" and last.upper == "NOT" and c.back(2).upper != "IS":
        return on(piece, "NOT NULL needs IS: write IS NOT NULL")
    return None


def ending(c: Context) -> Complaint | None:
    """The text stops before the query is whole."""
    if c.piece.kind != "end":
        return None
    if not c.before:
        return Complaint(0, 0, "the query is empty: write SELECT ... FROM ...")
    if c.back().ends_value and c.clause == "SELECT" and not (c.frame and not c.frame.clause):
        return on(c.piece, f"FROM is missing: {_COLUMNS_AND_TABLE}")
    return None
