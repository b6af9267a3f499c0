"""CSV and TSV as a stream of Arrow batches. The types come from all rows, in a first pass."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from adql.columns import ColumnMeta
from service.tables import text_values
from service.tables.opening import open_bytes
from service.tables.readers.guessing import Guess
from service.tables.table import Place, TableHead, arrow_type, is_text

_BLOCK_BYTES = 1 << 18  # Arrow reads 32 of them ahead
_SAMPLE_BYTES = 1 << 16
_DELIMITERS = (",", "\t", ";", "|", " ")
_NOTHING = pa.array(["", "NaN", "nan", "NULL", "null", "NA", "N/A", "None", "--", "\\N"])


class SeparatedTable:
    """An open CSV file. `types` gives datatypes for columns by name, which are then not guessed."""

    def __init__(self, path: Path, types: dict[str, str] | None = None) -> None:
        self._path = path
        self.notes: list[str] = []
        text = _sample(path)
        self._delimiter = _delimiter(text, path)
        names = _header(text, self._delimiter, path)
        guesses = self._guess(names)
        columns = []
        for name, guess in zip(names, guesses, strict=True):
            stated = (types or {}).get(name)
            columns.append(guess.meta(name) if stated is None else _stated(name, stated))
        rows = guesses[0].rows
        self.head = TableHead(columns=tuple(columns), rows=rows)

    def _guess(self, names: Sequence[str]) -> list[Guess]:
        guesses = [Guess() for _ in names]
        for batch in self._texts(len(names)):
            for guess, array in zip(guesses, batch.columns, strict=True):
                guess.see(without_nothing(array), array)
        return guesses

    def _texts(self, width: int) -> Iterator[pa.RecordBatch]:
        with open_bytes(self._path) as file:
            yield from texts(file, self._path, self._delimiter, width, skip_rows=1)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        first = 0
        metas = self.head.columns
        for batch in self._texts(len(metas)):
            arrays = [
                typed(array, meta, Place(self._path, first, meta.name))
                for array, meta in zip(batch.columns, metas, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, [str(i) for i in range(len(arrays))])
            first += batch.num_rows


def texts(
    file: IO[bytes], path: Path, delimiter: str, width: int, *, skip_rows: int
) -> Iterator[pa.RecordBatch]:
    """The rows after `skip_rows` lines, each cell as text; null where it is empty, unquoted."""
    names = [str(i) for i in range(width)]
    read = pcsv.ReadOptions(
        use_threads=False, block_size=_BLOCK_BYTES, skip_rows=skip_rows, column_names=names
    )
    convert = pcsv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    parse = pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    try:
        reader = pcsv.open_csv(
            file, read_options=read, parse_options=parse, convert_options=convert
        )
        yield from reader
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error) or "no data" in str(error).lower():
            return
        if "Could not skip initial" in str(error) and not _goes_on(path, skip_rows):
            return
        raise Place(path).error(_explained(str(error), skip_rows)) from None


def _goes_on(path: Path, lines: int) -> bool:
    """Whether anything follows so many lines, the last of which may lack its end."""
    with open_bytes(path) as file:
        for _ in range(lines):
            file.readline()
        return bool(file.read(1))


def _explained(message: str, skipped: int) -> str:
    """pyarrow's complaint in words for the publisher."""
    ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message)
    if ragged:
        row = int(ragged[1])
        return (
            f"row {row - skipped}: {ragged[3]} cells in a table of {ragged[2]} columns; "
            "put a value that holds the separator in double quotes"
        )
    if "UTF8" in message or "UTF-8" in message:
        return f"it is not UTF-8 text; convert it: iconv -f latin1 -t utf-8 ({message})"
    return message


def typed(array: pa.Array, meta: ColumnMeta, before: Place) -> pa.Array:
    """Texts as values of a column that is no array."""
    if is_text(meta):
        return array
    known = without_nothing(array)
    kind = arrow_type(meta)
    try:
        if kind == pa.bool_():
            return text_values.booleans(known)
        return text_values.numbers(known, kind)
    except text_values.BadText as error:
        raise before.after(error.row + 1).error(
            f'{error}; correct it, or say datatype = "char" for the column in the metadata file'
        ) from None


def without_nothing(array: pa.Array) -> pa.Array:
    """Texts with the usual words for a missing value as null."""
    trimmed = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.is_in(trimmed, _NOTHING), pa.scalar(None, pa.string()), trimmed)


def _stated(name: str, datatype: str) -> ColumnMeta:
    return ColumnMeta(name, datatype, "*" if datatype in ("char", "unicodeChar") else None)


def _sample(path: Path) -> str:
    """The first lines."""
    with open_bytes(path) as file:
        octets = file.read(_SAMPLE_BYTES)
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(octets) - 4:
            raise Place(path).error(
                "it is not UTF-8 text; convert it: iconv -f latin1 -t utf-8"
            ) from None
        text = octets[: error.start].decode("utf-8-sig")
    if not text.strip():
        raise Place(path).error("it is empty; the first line of a CSV file names the columns")
    return text


def _delimiter(text: str, path: Path) -> str:
    """The separator that the first lines have in the same number, more than none."""
    lines = text.splitlines()[:20]
    for delimiter in _DELIMITERS:
        widths = {len(row) for row in csv.reader(lines[:-1] or lines, delimiter=delimiter) if row}
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return max(_DELIMITERS[:4], key=lines[0].count)


def _header(text: str, delimiter: str, path: Path) -> list[str]:
    """The names of the first line."""
    first = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    names = [name.strip() for name in first]
    names[0] = names[0].removeprefix("#").strip()
    if all(re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?", name) for name in names):
        raise Place(path).error(
            f"line 1 has numbers where names are wanted ({', '.join(names)[:80]}); "
            "begin the file with a line of column names"
        )
    return names
