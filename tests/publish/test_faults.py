"""Files that cannot be published: each message names the file, the row, the column, the remedy."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from service.tables.table import TableError
from tests.publish.conftest import Publisher
from tests.publish.large import write

_HEAD = (
    '<VOTABLE><RESOURCE><TABLE><FIELD name="n" datatype="int"/>'
    '<FIELD name="t" datatype="char" arraysize="*" xtype="timestamp"/><DATA><TABLEDATA>'
)
_TAIL = "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
_ROW = "<TR><TD>1</TD><TD>2026-01-01</TD></TR>"


def _votable(*rows: str) -> bytes:
    return (_HEAD + "".join(rows) + _TAIL).encode()


CASES: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", r"empty.csv: it is empty"),
    "numbers.csv": (b"1,2\n3,4\n", r"line 1 has numbers where names are wanted"),
    "ragged.csv": (b"a,b\n1,2\n3,4,5\n", r"ragged.csv: row 2: 3 cells in a table of 2 columns"),
    "latin.csv": (b"a,b\n1,caf\xe9\n" + b"2,x\n" * 9, r"latin.csv: it is not UTF-8 text; .*iconv"),
    "same.csv": (b"a,a\n1,2\n", r'two columns are named .a.; .*\[columns."a#2"\] name'),
    "noname.csv": (b"a,\n1,2\n", r"column 2 has no name"),
    "nul.bin": (b"\0\1\2\3" * 30, r"nul.bin: it is no VOTable, FITS, Parquet, ECSV or CSV"),
    "cut.vot": (_votable(_ROW)[:-30], r"cut.vot: line 1, column \d+: not a whole XML document"),
    "number.vot": (
        _votable(_ROW, "<TR><TD>x1</TD><TD/></TR>"),
        r"number.vot, row 2, column n: 'x1' is no number \(int\)",
    ),
    "large.vot": (
        _votable("<TR><TD>3000000000</TD><TD/></TR>"),
        r"large.vot, row 1, column n: '3000000000' is no integer that fits into int32",
    ),
    "moment.vot": (
        _votable("<TR><TD>1</TD><TD>2026-02-30</TD></TR>"),
        r'moment.vot, row 1, column t: .2026-02-30. is no moment .* or say xtype = ""',
    ),
    "cells.vot": (_votable("<TR><TD>1</TD></TR>"), r"row 1: line 1: 1 cells in a table of 2"),
    "error.vot": (
        b'<VOTABLE><RESOURCE><INFO name="QUERY_STATUS" value="ERROR"/></RESOURCE></VOTABLE>',
        r"error message of a service",
    ),
    "entity.vot": (
        b'<!DOCTYPE VOTABLE [<!ENTITY a "b">]><VOTABLE></VOTABLE>',
        r"declares the entity 'a'",
    ),
    "none.vot": (b"<VOTABLE></VOTABLE>", r"there is no TABLE with columns in it"),
    "type.vot": (
        b'<VOTABLE><RESOURCE><TABLE><FIELD name="a" datatype="text"/></TABLE></RESOURCE></VOTABLE>',
        r"line 1: FIELD 'a' has the datatype 'text', which VOTable has not",
    ),
    "href.vot": (
        _HEAD.replace("TABLEDATA", "BINARY").encode()
        + b'<STREAM href="http://example.org/x"/></BINARY></DATA></TABLE></RESOURCE></VOTABLE>',
        r"its rows are elsewhere \(http://example.org/x\)",
    ),
    "bad.fits": (b"SIMPLE  = nonsense" + b" " * 3000, r"bad.fits: not a readable FITS file"),
    "bad.parquet": (b"PAR1 nonsense", r"bad.parquet: not a readable Parquet file"),
    "bad.ecsv": (b"# %ECSV 1.0\n# ---\n# {nonsense\na b\n", r"its header is no ECSV header"),
    "cut.csv.gz": (gzip.compress(b"a,b\n" + b"1,2\n" * 9999)[:60], r"cannot be unpacked"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_message(name: str, publisher: Publisher, tmp_path: Path) -> None:
    content, message = CASES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message) as raised:
        publisher.publish(tmp_path / name, "faults.t")
    assert str(tmp_path / name) in str(raised.value)
    assert not publisher.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'faults'")


def test_a_file_that_is_not_there(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"absent.vot: there is no such file"):
        publisher.publish(tmp_path / "absent.vot", "faults.t")


@pytest.mark.parametrize("form", ["b2", "fits", "parquet"])
def test_a_file_that_was_cut(form: str, publisher: Publisher, tmp_path: Path) -> None:
    path = write(tmp_path / f"t.{form}", 1_000)
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(TableError, match=r"write it again|write the file again|not a readable"):
        publisher.publish(path, "faults.t")


def test_values_above_a_long(publisher: Publisher, tmp_path: Path) -> None:
    pq.write_table(pa.table({"u": pa.array([1, 2**63], pa.uint64())}), tmp_path / "u.parquet")
    column = fits.Column("u", "K", bzero=2**63, array=np.array([1, 2**63], np.uint64))
    fits.BinTableHDU.from_columns([column]).writeto(tmp_path / "u.fits")
    for name in ("u.parquet", "u.fits"):
        with pytest.raises(TableError, match=rf"{name}, row 2, column u: its value is above 9223"):
            publisher.publish(tmp_path / name, "faults.t")


def test_one_table_is_not_chosen(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match=r"t.csv: a csv file has one table; leave --table out"):
        publisher.publish(tmp_path / "t.csv", "faults.t", wanted="2")


def test_types_without_a_place(publisher: Publisher, tmp_path: Path) -> None:
    pq.write_table(pa.table({"s": [{"a": 1}]}), tmp_path / "s.parquet")
    with pytest.raises(TableError, match=r"column s: values of the type struct.* skip = true"):
        publisher.publish(tmp_path / "s.parquet", "faults.t")


def test_an_index_on_long_texts(publisher: Publisher, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    long = "".join(chr(c) for c in rng.integers(0x4E00, 0x9000, 9000))
    (tmp_path / "t.csv").write_text(f"a,b\n1,{long}\n")
    (tmp_path / "t.csv.toml").write_text("[columns.b]\nindex = true\n")
    with pytest.raises(Exception, match="index = false for the column"):
        publisher.publish(tmp_path / "t.csv", "faults.t")
