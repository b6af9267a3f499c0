"""ADQL in, PostgreSQL out: text and a catalogue become one SELECT and its described columns.

Knows no database, no HTTP and no configuration; usable alone.
"""

from adql.errors import ADQLError
from adql.syntax.parsing import parse
from adql.translating import translate, warm
from adql.translation import Note, Parameter, Translation

__all__ = ["ADQLError", "Note", "Parameter", "Translation", "parse", "translate", "warm"]
