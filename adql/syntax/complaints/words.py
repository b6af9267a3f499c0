"""Words that are not ADQL where they stand: other dialects, reserved words, misspelt ones."""

from adql.functions.elsewhere import advice
from adql.syntax.complaints import foreign
from adql.syntax.complaints.context import Context, Piece
from adql.syntax.complaints.names import nearest
from adql.syntax.complaints.signs import Complaint, on

_FRAME = """
SELECT DISTINCT FROM WHERE GROUP HAVING ORDER OFFSET JOIN INNER NATURAL BETWEEN UNION EXCEPT
INTERSECT LIKE ILIKE DESC
"""
_FRAME_WORDS = _FRAME.split()
_JOINED = {
    "GROUPBY": "GROUP BY",
    "ORDERBY": "ORDER BY",
    "INNERJOIN": "INNER JOIN",
    "LEFTJOIN": "LEFT JOIN",
    "RIGHTJOIN": "RIGHT JOIN",
    "ISNOT": "IS NOT",
    "NOTIN": "NOT IN",
    "NOTLIKE": "NOT LIKE",
    "ASCENDING": "ASC",
    "DESCENDING": "DESC",
}
_LEADERS = frozenset(["?", ">", ">>", "<", "=", "*", ",", ".", ":", "-", "|"])
"""Signs that stand before a query in letters, logs and prompts."""
_PREFIXED_STRINGS = frozenset("NEBXUR")


def _limit(c: Context, limit: Piece, following: tuple[Piece, ...]) -> Complaint:
    first, sign, second = following[:3]
    count, start = first, ""
    if sign.text == "," and second.kind == "number":
        count, start = second, first.text
    elif sign.upper == "OFFSET" and second.kind == "number":
        start = second.text
    number = count.text if count.kind == "number" else "n"
    behind = f" and OFFSET {start} at the end" if start else ""
    return on(limit, f"LIMIT is not ADQL: write TOP {number} after SELECT{behind}")


def _fetch(fetch: Piece, following: tuple[Piece, ...]) -> Complaint:
    number = next((p.text for p in following[:2] if p.kind == "number"), "1")
    return on(fetch, f"FETCH FIRST is not ADQL: write TOP {number} after SELECT")


def _foreign(c: Context, word: Piece, following: tuple[Piece, ...]) -> Complaint | None:
    upper, follower = word.upper, following[0]
    if upper == "LIMIT":
        return _limit(c, word, following)
    if upper == "FETCH":
        return _fetch(word, following)
    if upper in foreign.LITERALS and follower.kind == "string":
        return on(word, f"{word.text} before a text is not ADQL: {foreign.LITERALS[upper]}")
    if upper == "WITH" or upper in foreign.HINTS:
        return _hint(word, following)
    if upper in foreign.OPERATORS:
        return on(word, f"{word.text} between values is not ADQL: {foreign.OPERATORS[upper]}")
    if upper in foreign.CLAUSES:
        needed = foreign.NEED_FOLLOWER.get(upper)
        if needed is None or follower.upper in needed:
            return on(word, f"{word.text} is not ADQL: {foreign.CLAUSES[upper]}")
    return None


def _hint(word: Piece, following: tuple[Piece, ...]) -> Complaint | None:
    words = [p.upper for p in following[:3]]
    if word.upper in foreign.HINTS and words[0] == ")":
        return on(word, f"{word.text} is not ADQL: leave the hint out")
    for name in words:
        if name in foreign.HINTS or name in ("ROLLUP", "TIES"):
            return on(word, f"WITH {name} is not ADQL: leave it out")
    return None


def foreign_word(c: Context) -> Complaint | None:
    """A word of another dialect: at the place, or before it, where it was taken for a name."""
    behind = (*c.after[:3], *[Piece("start", "", 0)] * 3)[:3]
    piece, last = c.piece, c.back()
    if c.frame and c.frame.before.text == last.text == "(":
        last = c.frame.before
    if last.kind == "word" and c.back(2).text != ".":
        if piece.text not in ("(", ".") or last.upper in foreign.NEED_FOLLOWER:
            found = _foreign(c, last, (piece, *behind[:2]))
            if found is not None and last.upper not in ("WITH", *foreign.LITERALS):
                return found
        if piece.text == "(" and c.ahead().upper in foreign.HINTS:
            return on(c.ahead(), f"{c.ahead().text} is not ADQL: leave the hint out")
    if piece.kind == "word" and last.text != "." and last.upper != "AS":
        return _foreign(c, piece, behind)
    return None


def function_of_others(c: Context) -> Complaint | None:
    """A function that is a reserved word, or has a schema in front: dbo.f(...)."""
    piece, last = c.piece, c.back()
    if piece.kind == "word" and c.ahead().text == "(":
        said = advice(piece.text)
        return on(piece, said) if said else None
    if piece.text == "(" and last.kind == "word":
        said = advice(last.text)
        if c.back(2).text == ".":
            start = c.back(3).start
            whole = c.text[start : last.end]
            message = f"functions have no schema in ADQL: write {last.text}(...)"
            return Complaint(start, len(whole), said or message)
        return on(last, said) if said and last.is_keyword else None
    if piece.kind == "word" and piece.upper in foreign.WORDS and c.wants_value:
        return on(piece, f"{piece.text} is not ADQL: {foreign.WORDS[piece.upper]}")
    return None


def text_prefix(c: Context) -> Complaint | None:
    """N'...', or a quote within a text: 'O'Brien'."""
    piece, last = c.piece, c.back()
    if last.end != piece.start:
        return None
    if piece.kind == "string" and last.kind == "word" and last.upper in _PREFIXED_STRINGS:
        message = f"{last.text}'...' is not ADQL: write '...' alone"
        return Complaint(last.start, len(last.text) + 1, message)
    if piece.kind == "word" and last.kind == "string":
        if last.text == "''":
            return on(last, f"'' is an empty text: write '{piece.text}'")
        return on(piece, f"{piece.shown} stands behind a text: write '' for a quote within it")
    return None


def first_word(c: Context) -> Complaint | None:
    """The text does not begin as a query does."""
    word = c.piece
    if c.before or not (word.starts_value or word.kind in ("word", "url") or word.text in _LEADERS):
        return None
    if word.kind in ("string", "delimited"):
        return on(word, "quotes around the query: leave them out")
    if word.upper in foreign.STATEMENTS:
        return on(word, f"{word.text} is not allowed: {foreign.STATEMENTS[word.upper]}")
    near = nearest(word.text, ("SELECT", "WITH")) if word.kind == "word" else None
    return on(word, f"{word.shown}: a query starts with SELECT or WITH", near)


def no_beginning(c: Context) -> Complaint | None:
    """Whatever else stands where a query begins."""
    if c.before or c.piece.kind == "end":
        return None
    return on(c.piece, f"{c.piece.shown}: a query starts with SELECT or WITH")


def _misspelt(word: Piece, follower: Piece) -> str | None:
    """The word of the language's frame that was meant, if one letter or two make it."""
    if word.kind != "word" or word.terminal or follower.text in (",", ".", "("):
        return None
    if word.upper in _JOINED:
        return _JOINED[word.upper]
    if len(word.text) < 4:
        return None
    near = nearest(word.text, _FRAME_WORDS)
    if near is None or abs(len(near) - len(word.text)) > 1 or near[0] != word.upper[0]:
        return None
    return near if len(set(near) ^ set(word.upper)) <= 2 else None


def misspelt(c: Context) -> Complaint | None:
    """FORM for FROM, GROUPBY for GROUP BY: at the place, or before it, taken for a name."""
    for word, follower in ((c.piece, c.ahead()), (c.back(), c.piece)):
        if word is c.back() and c.back(2).text in (".", ""):
            continue
        meant = _misspelt(word, follower)
        if meant is not None:
            return on(word, f"{word.shown} cannot stand here", meant)
    return None


def added_in_2_1(c: Context) -> Complaint | None:
    """A word that is a name in ADQL 2.0 and does something in 2.1."""
    if c.is_name and c.piece.terminal and c.back().text not in (".", ","):
        return on(c.piece, f"{c.piece.text} is not in ADQL 2.0: ask for LANG=ADQL-2.1")
    return None


def unit(c: Context) -> Complaint | None:
    """A unit behind a number: 1.0 degree."""
    if c.back().kind != "number" or c.ahead().text == "(":
        return None
    if c.piece.upper in foreign.UNITS:
        return on(c.piece, f"{c.piece.shown} behind a number: numbers have no units, leave it out")
    return None


def reserved(c: Context) -> Complaint | None:
    """A reserved word as a name, or a function without its parentheses (ADQL 2.1 §2.1.2)."""
    piece, last = c.piece, c.back()
    if last.kind == "word" and last.terminal in ("FUNCTION", "AGGREGATE") and piece.text != "(":
        named = f'"{last.text}" where it is a name'
        call = "COUNT(*)" if last.upper == "COUNT" else f"{last.text}(...)"
        return on(last, f"{last.text} is a function: write {call}, or {named}")
    if piece.kind == "word" and piece.terminal and c.wants_name:
        message = f'{piece.text} is a reserved word here: write "{piece.text}" where it is a name'
        return on(piece, message)
    return None
