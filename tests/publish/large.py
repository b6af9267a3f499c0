"""Tables of any number of rows, written fast and in little memory."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from astropy.io import fits

_PART = 30_000  # a multiple of 3, so that base64 has no padding within
_FIELDS = """<FIELD name="id" datatype="long"/>
<FIELD name="ra" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main"/>
<FIELD name="dec" datatype="double" unit="deg" ucd="pos.eq.dec;meta.main"/>
<FIELD name="mag" datatype="float" unit="mag"/>
<FIELD name="name" datatype="char" arraysize="12"/>"""
_STREAM = '<STREAM encoding="base64">'
_RECORD = [("id", ">i8"), ("ra", ">f8"), ("dec", ">f8"), ("mag", ">f4"), ("name", "S12")]


def records(first: int, rows: int) -> np.ndarray:
    """Some rows, the same ones each time."""
    number = np.arange(first, first + rows)
    found = np.empty(rows, _RECORD)
    found["id"] = number
    found["ra"] = number * 137.508 % 360
    found["dec"] = number * 7.77 % 180 - 90
    found["mag"] = number % 250 / 10
    found["name"] = np.char.add("star ", number.astype("U7"))
    return found


def _parts(rows: int) -> list[tuple[int, int]]:
    return [(first, min(_PART, rows - first)) for first in range(0, rows, _PART)]


def arrow(rows: np.ndarray) -> pa.Table:
    """Rows as Arrow has them."""
    names = rows.dtype.names
    native = [rows[n].astype(rows[n].dtype.newbyteorder("=")) for n in names[:-1]]
    return pa.table([*map(pa.array, native), pa.array(rows["name"].astype("U"))], list(names))


def _document(path: Path, serialization: str, body: Callable[[int, int], str], rows: int) -> None:
    with path.open("w") as file:
        file.write('<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE><TABLE>')
        stream = serialization != "TABLEDATA"
        file.write(f"{_FIELDS}<DATA><{serialization}>{_STREAM * stream}")
        for part in _parts(rows):
            file.write(body(*part))
        file.write(f"{'</STREAM>' * stream}</{serialization}></DATA></TABLE></RESOURCE></VOTABLE>")


def _cells(first: int, rows: int) -> str:
    return "".join(
        f"<TR><TD>{i}</TD><TD>{ra}</TD><TD>{dec}</TD><TD>{mag}</TD><TD>{name.decode()}</TD></TR>\n"
        for i, ra, dec, mag, name in records(first, rows).tolist()
    )


def _binary2(first: int, rows: int) -> str:
    found = records(first, rows)
    flagged = np.zeros(rows, [("null", "u1"), *_RECORD])
    for name in found.dtype.names:
        flagged[name] = found[name]
    return base64.b64encode(flagged.tobytes()).decode() + "\n"


def write(path: Path, rows: int) -> Path:
    """A table in the format that the file's suffix names: .td, .b2, .fits, .parquet, .csv."""
    if path.suffix == ".td":
        _document(path, "TABLEDATA", _cells, rows)
    elif path.suffix == ".b2":
        _document(path, "BINARY2", _binary2, rows)
    elif path.suffix == ".fits":
        fits.BinTableHDU(records(0, rows)).writeto(path)
    elif path.suffix == ".parquet":
        with pq.ParquetWriter(path, arrow(records(0, 1)).schema) as writer:
            for part in _parts(rows):
                writer.write_table(arrow(records(*part)))
    else:
        with pcsv.CSVWriter(path, arrow(records(0, 1)).schema) as writer:
            for part in _parts(rows):
                writer.write_table(arrow(records(*part)))
    return path
