"""Where a query stopped being ADQL: the pieces of text around the place, and what is open there.

The text is cut anew, more leniently than the grammar does: `::`, `{0}` or `#temp` are one piece
each, because that is how their author meant them.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from adql.syntax.words import terminals

_BEFORE, _AFTER = 40, 200
"""Pieces kept on each side of the place."""

_PIECE = re.compile(
    r"""
      (?P<space>    (?: \s++ | --[^\n]*+ )++ )
    | (?P<string>   '(?:[^']|'')*+' )
    | (?P<delimited> "(?:[^"]|"")++" )
    | (?P<comment>  /\* (?: [^*] | \*(?!/) )*+ (?:\*/)? )
    | (?P<placeholder> \$?\{[^{}\n]{0,80}\} | %\(\w{1,60}\)[a-z] )
    | (?P<url>      \w++://[\w./]*+ )
    | (?P<suffixed> [0-9]++(?![eE][+-]?[0-9])[^\W\d]\w*+ )
    | (?P<number>   (?: [0-9]++(?:\.(?!\.)[0-9]*+)? | \.[0-9]++ ) (?:[eE][+-]?[0-9]++)? )
    | (?P<variable> @@?\w++ | \#\#?\w++ | \$\w++ )
    | (?P<word>     [^\W\d][\w$]*+ )
    | (?P<sign>     !<@ | !&& | !~~?\*? | <=> | ->> | -> | <@ | @> | <= | >= | <> | != | =~ | ==
                  | =< | => | !< | !> | && | \|\| | << | >> | ~~?\*? | \*\* | := | :: | // | \.\.+
                  | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLAUSES = frozenset({"SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "OFFSET"})
_TERMINALS = terminals("2.1")
_VALUES = frozenset({"NULL", "TRUE", "FALSE", "END"})


class Piece(NamedTuple):
    """A word, sign, literal ... of the text; `kind` is a group of the pattern, or "end"."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)

    @property
    def upper(self) -> str:
        """The text in upper case."""
        return self.text.upper()

    @property
    def terminal(self) -> str:
        """The terminal of the grammar that a reserved word is; "" for everything else."""
        return _TERMINALS.get(self.upper, "") if self.kind == "word" else ""

    @property
    def is_keyword(self) -> bool:
        """Whether it is a word of the language's frame, such as FROM, and no function or type."""
        return self.terminal == self.upper != ""

    @property
    def is_name(self) -> bool:
        """Whether it may name a column or table."""
        return self.kind == "delimited" or (self.kind == "word" and not self.terminal)

    @property
    def starts_value(self) -> bool:
        """Whether a value may start with it."""
        return self.is_name or self.kind in ("number", "string", "suffixed")

    @property
    def may_call(self) -> bool:
        """Whether it is the name of a function of the language."""
        return self.terminal in ("FUNCTION", "AGGREGATE", "CAST")

    @property
    def ends_value(self) -> bool:
        """Whether a value may end with it."""
        return self.starts_value or self.text == ")" or self.upper in _VALUES

    @property
    def shown(self) -> str:
        """The text as a message repeats it: keywords bare, other pieces in quotes, not too long."""
        if self.kind == "end":
            return "the end"
        text = self.text if len(self.text) <= 40 else self.text[:37] + "..."
        return text if self.is_keyword or text[:1] in ("'", '"') else f"'{text}'"


class Frame(NamedTuple):
    """An open parenthesis, the piece in front of it, and the clause that the query in it is in."""

    parenthesis: Piece
    before: Piece
    clause: str


_NOTHING = Piece("start", "", 0)


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around the piece that cannot stand where it does."""

    text: str
    piece: Piece
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]
    frame: Frame | None
    """The innermost open parenthesis."""
    clause: str
    """The clause of the innermost query: SELECT, FROM, WHERE, GROUP, HAVING, ORDER or OFFSET."""
    expected: frozenset[str]
    """Terminals of the grammar that could stand here."""
    is_name: bool
    """Whether the grammar took the piece for a name, which it may not be in another version."""

    def back(self, count: int = 1) -> Piece:
        """The piece `count` before the place; an empty one before the text."""
        return self.before[-count] if count <= len(self.before) else _NOTHING

    def ahead(self, count: int = 1) -> Piece:
        """The piece `count` after the place; an empty one behind the text."""
        return self.after[count - 1] if count <= len(self.after) else _NOTHING

    @property
    def wants_value(self) -> bool:
        """Whether a value should stand at the place."""
        return "STRING" in self.expected or "NUMBER" in self.expected

    @property
    def wants_table(self) -> bool:
        """Whether a table should stand at the place."""
        tables = self.wants_name and "LPAR" in self.expected
        return tables and self.clause == "FROM" and not self.wants_value

    @property
    def wants_name(self) -> bool:
        """Whether a name, and possibly more, could stand at the place."""
        return "NAME" in self.expected or "DELIMITED" in self.expected


def _pieces(text: str) -> Iterator[Piece]:
    for match in _PIECE.finditer(text):
        kind = match.lastgroup
        assert kind is not None
        if kind != "space":
            yield Piece(kind, match[0], match.start())


def context(text: str, offset: int, expected: frozenset[str], is_name: bool) -> Context:
    """The surroundings of an offset; linear in the length of the text before it."""
    before: deque[Piece] = deque(maxlen=_BEFORE)
    frames: list[Frame] = []
    clauses = [""]
    pieces = _pieces(text)
    last, piece = _NOTHING, Piece("end", "", len(text))
    for found in pieces:
        if found.end > offset:
            piece = found
            break
        if found.text == "(":
            frames.append(Frame(found, last, ""))
            clauses.append("")
        elif found.text == ")" and frames:
            frames.pop()
            clauses.pop()
        elif found.kind == "word" and found.upper in _CLAUSES:
            clauses[-1] = found.upper
        before.append(found)
        last = found
    after = tuple(p for p, _ in zip(pieces, range(_AFTER), strict=False))
    clause = next((c for c in reversed(clauses) if c), "")
    frame = frames[-1]._replace(clause=clauses[-1]) if frames else None
    return Context(text, piece, tuple(before), after, frame, clause, expected, is_name)
