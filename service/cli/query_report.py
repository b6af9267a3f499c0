"""A checked query for people: the place of each remark under its line, the columns as a table."""

import sys

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.check.query import CheckColumn, CheckedQuery, CheckError, CheckNote

# Characters shown of a line before the place that is marked, and in all.
_BEFORE = 50
_SHOWN = 90
_PIPED_WIDTH = 160


def report(checked: CheckedQuery, text: str, plan: list[str]) -> None:
    """Print a valid query: notes, columns, and SQL, estimate and plan where they are there."""
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False)
    if not checked.columns:
        console.print(f"valid {checked.language} by its grammar")
    for note in checked.notes:
        console.print(Text("\n".join([f"note: {_placed(note)}", *_marked(text, note)])))
    if checked.columns:
        console.print(_table(checked.columns))
    if checked.sql is not None:
        print(f"\n{checked.sql}")
    if checked.estimate is not None:
        print(f"\nabout {checked.estimate.rows:,} rows, cost {checked.estimate.cost:,.2f}")
        print("\n".join(plan))


def error_report(checked: CheckedQuery, text: str) -> str:
    """What is wrong with a query, each place marked below its line, with what to write there."""
    lines = []
    for error in checked.errors:
        lines += [_placed(error), *_marked(text, error)]
        if error.suggestion is not None:
            lines.append(f"  did you mean {error.suggestion}?")
    return "\n".join(lines)


def _placed(remark: CheckError | CheckNote) -> str:
    return f"line {remark.line}, column {remark.column}: {remark.message}"


def _marked(text: str, remark: CheckError | CheckNote) -> list[str]:
    """The line of a remark, cut around its place, and carets under the place."""
    source = "".join(c if c.isprintable() else " " for c in text.split("\n")[remark.line - 1])
    place = remark.column - 1
    begin = max(0, place - _BEFORE)
    shown = source[begin : begin + _SHOWN].rstrip()
    before = cell_len(source[begin:place])
    marks = cell_len(shown[place - begin : place - begin + remark.length])
    return [f"  {shown}", "  " + " " * before + "^" * max(1, marks)]


def _table(columns: list[CheckColumn]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "type", "unit", "ucd", "description"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("column", "type"))
    for column in columns:
        size = f"[{column.arraysize}]" if column.arraysize else ""
        kind = f"{column.datatype}{size} {column.xtype or ''}".rstrip()
        row = (column.name, kind, column.unit, column.ucd, column.description)
        table.add_row(*(Text(value or "") for value in row))
    return table
