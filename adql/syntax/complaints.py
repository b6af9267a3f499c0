"""What is said to a user whose query does not parse: the place, the word, the ADQL way."""

import difflib
import re
from collections.abc import Iterable

from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from adql.errors import ADQLError
from adql.syntax.tree import Node

_FIRST_LITERAL = re.compile(r"'(?:[^']|'')*+'|[^\s,')-]*+-?[^\s,')-]*+")
_WORD_BEFORE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\Z")
_NOT_ADQL = {
    "LIMIT": "LIMIT is not ADQL: write TOP n after SELECT",
    "ROWNUM": "ROWNUM is not ADQL: write TOP n after SELECT",
    "FETCH": "FETCH FIRST is not ADQL: write TOP n after SELECT",
    "REGEXP": "REGEXP is not ADQL: write LIKE with % and _",
    "RLIKE": "RLIKE is not ADQL: write LIKE with % and _",
    "INTO": "SELECT INTO is not ADQL: a query only reads",
    "MINUS": "MINUS is not ADQL: write EXCEPT",
}
_STATEMENTS = frozenset(
    [
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "DROP",
        "ALTER",
        "GRANT",
        "REVOKE",
        "TRUNCATE",
        "EXEC",
        "EXECUTE",
        "SET",
        "BEGIN",
    ]
)
_CHARACTERS = {
    "%": "% is not an ADQL operator: write MOD(a, b)",
    "`": 'backticks are not ADQL: write names between double quotes ("name")',
    "[": 'square brackets are not ADQL: write names between double quotes ("name")',
    "]": 'square brackets are not ADQL: write names between double quotes ("name")',
    ":": "'::' is not ADQL: write CAST(value AS type)",
    "'": "a string is not closed: write '' for a quote within it",
    '"': 'a quoted name is not closed or is empty: write "" for a double quote within it',
    "&": "& is not an ADQL operator: write AND between conditions",
    "|": "| is not an ADQL operator: write || to join texts, OR between conditions",
    "^": "^ is not an ADQL operator: write POWER(a, b)",
    "#": "# is not ADQL: a comment starts with --",
    "/": "/* */ comments are not ADQL: a comment starts with --",
    "!": "! is not ADQL: write NOT, or <> for 'is not equal'",
    "\u2018": "typographic quotes: write '...' around text",
    "\u2019": "typographic quotes: write '...' around text",
    "\u201c": "typographic quotes: write '...' around text, \"...\" around a name",
    "\u201d": "typographic quotes: write '...' around text, \"...\" around a name",
    "\u2212": "a typographic minus: write -",
    "\u2013": "a typographic dash: write -",
    "\u2014": "a typographic dash: write --",
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
}


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def at(
    text: str, offset: int, length: int, message: str, suggestion: str | None = None
) -> ADQLError:
    """An error at an offset of the text."""
    line, column = position(text, offset)
    return ADQLError(message, line, column, length, suggestion)


def about(text: str, node: Node, message: str, suggestion: str | None = None) -> ADQLError:
    """An error about a node of the tree."""
    return at(text, node.span.start, node.span.end - node.span.start, message, suggestion)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is near enough to be meant, or None."""
    folded = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def _after(expected: Iterable[str]) -> str:
    named = sorted({_EXPECTED.get(e, e) for e in expected if e not in ("RESERVED", "_SEMICOLON")})
    return f"; expected {' or '.join(named)}" if 0 < len(named) <= 4 else ""


def unexpected_token(text: str, error: UnexpectedToken) -> ADQLError:
    """The parser met a word or sign that cannot stand there."""
    token = error.token
    expected = set(error.accepts or error.expected)
    if token.type == "$END":
        if not text.strip():
            return at(text, 0, 0, "the query is empty")
        return at(text, len(text), 0, f"the query ends too early{_after(expected)}")
    start = token.start_pos or 0
    literal = _FIRST_LITERAL.match(token) if token.type == "LITERALS" else None
    word = literal[0] if literal else str(token)
    before = _WORD_BEFORE.search(text[max(0, start - 80) : start])
    for candidate in (word, before[1] if before else ""):
        if candidate.upper() in _NOT_ADQL and token.type not in ("LPAR", "_DOT"):
            offset = (
                start
                if candidate is word
                else start - len(text[:start]) + len(text[:start].rstrip()) - len(candidate)
            )
            return at(text, offset, len(candidate), _NOT_ADQL[candidate.upper()])
    if not text[:start].strip():
        if word.upper() in _STATEMENTS:
            return at(text, start, len(word), f"{word} is not allowed: a query starts with SELECT")
        return at(text, start, len(word), f"'{word}': a query starts with SELECT or WITH")
    return at(text, start, len(word), _token_message(text, start, word, token.type, expected))


def _token_message(text: str, start: int, word: str, kind: str, expected: set[str]) -> str:
    if word == "=" and text[:start].endswith("="):
        return "== is not ADQL: write ="
    if text[:start].rstrip().endswith(";"):
        return "one query at a time: nothing may follow ';'"
    if kind == "WITH":
        return "WITH may stand only at the start of the whole query"
    if kind == "DELIMITED" and "STRING" in expected:
        return f"{word} is a name: write text between single quotes"
    if kind in ("RESERVED", "FUNCTION", "TYPE", "AGGREGATE") or word.upper() == kind:
        if "NAME" in expected or "DELIMITED" in expected:
            return f'{word} is a reserved word here: write "{word}" where it is a name'
        return f"unexpected {word}{_after(expected)}"
    shown = word if len(word) <= 40 else word[:37] + "..."
    return f"unexpected '{shown}'{_after(expected)}"


def unexpected_character(text: str, error: UnexpectedCharacters) -> ADQLError:
    """The lexer met a character that starts no token."""
    offset = error.pos_in_stream or 0
    character = text[offset]
    if character in _CHARACTERS:
        return at(text, offset, 1, _CHARACTERS[character])
    if character.isalpha() or character == "_":
        message = f"'{character}' cannot be in a plain name: write the name between double quotes"
        return at(text, offset, 1, message)
    return at(text, offset, 1, f"unexpected character '{character}'")
