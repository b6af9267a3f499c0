"""Signs that are not ADQL, each with the ADQL way to say it."""

import re
import unicodedata
from typing import NamedTuple

from adql.syntax.complaints import foreign
from adql.syntax.complaints.context import Context, Piece


class Complaint(NamedTuple):
    """What is wrong at a place: offset and length in characters."""

    start: int
    length: int
    message: str
    suggestion: str | None = None


def on(piece: Piece, message: str, suggestion: str | None = None) -> Complaint:
    """A complaint about one piece."""
    return Complaint(piece.start, len(piece.text), message, suggestion)


_PATTERN = "write LIKE with % and _"
_NO_CASE = "write ILIKE with % and _"
_SIGNS: dict[str, str] = {
    "==": "write =",
    "=<": "write <=",
    "=>": "write >=",
    "!<": "write >=",
    "!>": "write <=",
    "<=>": "write =",
    ":=": "write =",
    "&&": "write AND between conditions, 1 = INTERSECTS(a, b) between regions",
    "!&&": "write 0 = INTERSECTS(a, b)",
    "<@": "write 1 = CONTAINS(a, b)",
    "!<@": "write 0 = CONTAINS(a, b)",
    "@>": "write 1 = CONTAINS(b, a)",
    "~": _PATTERN,
    "=~": _PATTERN,
    "!~": "write NOT LIKE with % and _",
    "~*": _NO_CASE,
    "!~*": "write NOT ILIKE with % and _",
    "~~": _PATTERN,
    "~~*": _NO_CASE,
    "!~~": "write NOT LIKE with % and _",
    "!~~*": "write NOT ILIKE with % and _",
    "^": "write POWER(a, b); the bits of numbers cannot be combined",
    "**": "write POWER(a, b)",
    "//": "write /",
    "<<": "write a * POWER(2, n)",
    ">>": "write FLOOR(a / POWER(2, n))",
    "->": "write the name of a column; values have no parts",
    "->>": "write the name of a column; values have no parts",
    "!": "write NOT, or <> for 'is not equal'",
    "|": "write || to join texts, OR between conditions",
    "&": "write AND between conditions, MOD(flags / 4, 2) = 1 to test the bit of value 4",
    "\\": "leave it out; '' is a quote within a text",
    "$": 'write names that hold it between double quotes ("a$b")',
    "@": "variables do not exist; write the value itself",
    "[": 'write names between double quotes ("name")',
    "]": 'write names between double quotes ("name")',
    "{": "write the value itself",
    "}": "write the value itself",
}
"""Signs and the way to say it; "X is not ADQL: ..." """

_TYPOGRAPHIC: dict[str, str] = {
    **dict.fromkeys(
        "\u2018\u2019\u201a\u2032\u00b4", "a typographic quote: write '...' around text"
    ),
    **dict.fromkeys(
        "\u201c\u201d\u201e\u00ab\u00bb\u2033",
        "a typographic quote: write '...' around text, \"...\" around a name",
    ),
    **dict.fromkeys("\u2212\u2010\u2011\u2013", "a typographic minus: write -"),
    "\u2014": "a typographic dash: write --",
    "\u2264": "a typographic sign: write <=",
    "\u2265": "a typographic sign: write >=",
    "\u2260": "a typographic sign: write <>",
    "\u00d7": "a typographic sign: write *",
    "\u00f7": "a typographic sign: write /",
    "\u2026": "a sign for something left out: write it",
    "\u00b0": "a unit, and numbers have none: angles are in degrees",
    "\uff0c": "a wide comma: write ,",
    "\uff08": "a wide parenthesis: write (",
    "\uff09": "a wide parenthesis: write )",
}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z?")
_SEXAGESIMAL = re.compile(r"[0-9]+[hd][0-9]+m", re.IGNORECASE)
_TABLE_PATH = re.compile(r"[\w/.+-]+")


def _invisible(piece: Piece) -> str | None:
    if unicodedata.category(piece.text[0]) not in ("Cf", "Cc", "Co", "Cn", "Zs"):
        return None
    code = f"U+{ord(piece.text[0]):04X}"
    name = unicodedata.name(piece.text[0], "a control character").lower()
    return f"an invisible character ({code}, {name}): delete it"


def _cast(c: Context) -> Complaint:
    operand, target = c.back(), c.ahead()
    written = operand.text if operand.kind in ("word", "number", "string", "delimited") else "value"
    wanted = foreign.TYPES.get(target.upper, target.upper) if target.kind == "word" else "type"
    return on(c.piece, f"'::' is not ADQL: write CAST({written} AS {wanted})")


def _bracket(c: Context) -> Complaint:
    name, end = c.ahead(), c.ahead(2)
    if c.back().upper == "ARRAY":
        return on(c.back(), "ARRAY is not ADQL: arrays cannot be written")
    if c.piece.text == "[" and c.back().ends_value and c.ahead().kind == "number":
        return on(c.piece, f"[ is not ADQL: {_SIGNS['->']}")
    if c.back().upper == "IN":
        return on(c.piece, "[...] is not ADQL: a list stands between parentheses, IN (1, 2)")
    if c.piece.text == "[" and end.text == "]" and name.kind == "word":
        whole = c.text[c.piece.start : end.end]
        return Complaint(c.piece.start, len(whole), f'{whole} is not ADQL: write "{name.text}"')
    return on(c.piece, f"{c.piece.text} is not ADQL: {_SIGNS['[']}")


def _backtick(c: Context) -> Complaint:
    name, end = c.ahead(), c.ahead(2)
    if end.text == "`" and name.kind == "word":
        whole = c.text[c.piece.start : end.end]
        message = f'{whole}: backticks are not ADQL, write "{name.text}", or {name.text} alone'
        return Complaint(c.piece.start, len(whole), message)
    return on(c.piece, 'backticks are not ADQL: write names between double quotes ("name")')


def _percent(c: Context) -> Complaint:
    if c.back().upper in ("LIKE", "ILIKE"):
        return on(c.piece, "a pattern stands between single quotes: write '%part%'")
    following = c.ahead()
    is_filled_in = following.start == c.piece.end and following.upper in ("S", "D", "F", "I", "R")
    if is_filled_in and not c.back().ends_value:
        whole = c.text[c.piece.start : following.end]
        return Complaint(c.piece.start, len(whole), _unfilled(whole))
    return on(c.piece, "% is not ADQL: write MOD(a, b)")


def _unfilled(whole: str) -> str:
    return f"{whole} is a placeholder that was not filled in: write the value itself"


def _colon(c: Context) -> Complaint:
    name = c.ahead()
    if name.kind == "word" and name.start == c.piece.end:
        whole = f":{name.text}"
        return Complaint(c.piece.start, len(whole), _unfilled(whole))
    if c.back().kind == name.kind == "number":
        remedy = "write degrees as a number, a time between single quotes"
        return on(c.piece, f": within a number is not ADQL: {remedy}")
    return on(c.piece, ": is not ADQL: leave it out")


def _dots(c: Context) -> Complaint:
    before, after = c.back(), c.ahead()
    if len(c.piece.text) == 2 and before.is_name and after.kind in ("word", "delimited"):
        return on(c.piece, f"two dots are not ADQL: write {before.text}.{after.text}")
    return on(c.piece, f"{c.piece.text} stands for something left out: write it")


def _less(c: Context) -> Complaint | None:
    """<YOUR_NAME>, left to be filled in."""
    name, end = c.ahead(), c.ahead(2)
    if end.text == ">" and name.kind == "word" and not c.back().ends_value:
        whole = c.text[c.piece.start : end.end]
        return Complaint(c.piece.start, len(whole), _unfilled(whole))
    return None


def _path(c: Context) -> Complaint | None:
    """A table such as II/246/out that needs quotes."""
    last = c.back()
    if c.clause == "FROM" and last.is_name and last.end == c.piece.start:
        path = _TABLE_PATH.match(c.text, last.start)
        if path and path.end() > c.piece.end:
            message = f'{path[0]} is no plain name: write "{path[0]}"'
            return Complaint(path.start(), len(path[0]), message)
    return None


_BY_SIGN = {
    "::": _cast,
    "[": _bracket,
    "]": _bracket,
    "`": _backtick,
    "%": _percent,
    ":": _colon,
    "<": _less,
    "/": _path,
    "-": _path,
    "+": _path,
}


def _time(c: Context) -> Complaint | None:
    """2026-01-31T00:00:00 without quotes."""
    start = max(0, c.piece.start - len("2026-01-"))
    found = _TIME.match(c.text, start)
    if found is None:
        return None
    return Complaint(start, len(found[0]), f"a time stands between quotes: write '{found[0]}'")


def number_with_letters(text: str) -> str:
    """What is said of 0xFF, or of 2mass as a name (ADQL 2.1 §2.1.3, §2.1.7)."""
    if text.upper().startswith("0X"):
        return f"{text} is not ADQL: write the number in decimal"
    if _SEXAGESIMAL.match(text):
        return f"{text} is not ADQL: write the angle as a number of degrees"
    return f'{text}: a plain name starts with a letter, write "{text}"'


def _literal(c: Context) -> Complaint | None:
    """Comments, placeholders, variables and numbers as other languages write them."""
    piece = c.piece
    text = piece.text if len(piece.text) <= 40 else piece.text[:37] + "..."
    if piece.kind == "comment":
        message = "/* */ comments are not ADQL: write -- before a comment, on each of its lines"
        return Complaint(piece.start, 2, message)
    if piece.kind == "placeholder":
        return on(piece, _unfilled(text))
    if piece.kind == "url":
        name = piece.text.rpartition("/")[2] or "name"
        message = f"'{text}' is no table of ADQL: upload it and write TAP_UPLOAD.{name}"
        return on(piece, message)
    if piece.kind == "variable":
        return _variable(c, text)
    if piece.kind == "suffixed":
        return _time(c) or on(piece, number_with_letters(text))
    return None


def _variable(c: Context, text: str) -> Complaint:
    if text.startswith("#"):
        if c.clause == "FROM" and not c.back().ends_value:
            name = text.lstrip("#")
            message = f"{text} is not ADQL: upload the table and write TAP_UPLOAD.{name}"
            return on(c.piece, message)
        return Complaint(c.piece.start, 1, "# is not ADQL: write -- before a comment")
    if text.startswith("$"):
        return on(c.piece, _unfilled(text))
    return on(c.piece, f"{text} is not ADQL: variables do not exist, write the value itself")


def sign(c: Context) -> Complaint | None:
    """A sign or literal that ADQL has not."""
    piece = c.piece
    if piece.kind == "end":
        return None
    found = _literal(c)
    if found is not None or piece.kind != "sign":
        return found
    if piece.text in _BY_SIGN:
        return _BY_SIGN[piece.text](c)
    if piece.text.startswith(".."):
        return _dots(c)
    if piece.text in _SIGNS:
        return on(piece, f"{piece.text} is not ADQL: {_SIGNS[piece.text]}")
    if piece.text == "#":
        return on(piece, "# is not ADQL: write -- before a comment")
    if piece.text == "?":
        return on(piece, _unfilled("?"))
    if piece.text == "'":
        return on(piece, "a string is not closed: write '' for a quote within it")
    if piece.text == '"':
        message = 'a quoted name is not closed or is empty: write "" for a double quote within it'
        return on(piece, message)
    if piece.text in _TYPOGRAPHIC:
        return on(piece, f"{piece.text} is {_TYPOGRAPHIC[piece.text]}")
    invisible = _invisible(piece)
    return on(piece, invisible) if invisible else None


def odd_name(c: Context) -> Complaint | None:
    """A word that is no plain name: ADQL 2.1 §2.1.3 has letters A-Z, digits and _ alone."""
    piece = c.piece
    if piece.kind != "word" or re.fullmatch("[A-Za-z][A-Za-z0-9_]*", piece.text):
        return None
    shown = piece.text if len(piece.text) <= 40 else piece.text[:37] + "..."
    if piece.text.startswith("_"):
        return on(piece, f'{shown}: a plain name starts with a letter, write "{shown}"')
    message = f'{shown}: a plain name has letters A-Z, digits and _ alone, write "{shown}"'
    return on(piece, message)
