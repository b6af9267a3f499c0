"""Corners of the formats: FITS columns of all kinds, VOTable headers elsewhere, dialects of CSV."""

import base64
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from adql.columns import ColumnMeta
from service.tables.reading import open_table
from service.tables.table import TableError

Values = dict[str, list[Any]]


def read(path: Path, wanted: str | None = None) -> tuple[dict[str, ColumnMeta], Values]:
    """The columns of a file by name, and their values."""
    with open_table(path, wanted) as source:
        batches = list(source.batches())
        names = [column.name for column in source.head.columns]
        values = {
            name: [v for batch in batches for v in batch.column(i).to_pylist()]
            for i, name in enumerate(names)
        }
        return {column.name: column for column in source.head.columns}, values


def test_fits_columns_of_every_kind(tmp_path: Path) -> None:
    longs = np.array([1, 2**40], np.int64)
    columns = [
        fits.Column("unsigned", "I", bzero=2**15, array=np.array([0, 65535], np.uint16)),
        fits.Column("signed", "B", bzero=-128, array=np.array([-128, 127], np.int8)),
        fits.Column("scaled", "I", array=np.array([2, -99], np.int16)),
        fits.Column("null", "J", null=-1, array=np.array([-1, 7], np.int32)),
        fits.Column("long", "K", array=longs),
        fits.Column("bits", "11X", array=np.array([[True] + [False] * 10, [False] * 10 + [True]])),
        fits.Column("complex", "2C", array=np.array([[1 + 2j, 3], [4, 5j]], np.complex64)),
        fits.Column("heap", "PE()", array=np.array([[1.5, 2.5], [3.5]], object)),
        fits.Column("texts", "PA()", array=np.array(["long text", "x"], object)),
        fits.Column("wide", "QJ()", array=np.array([[1], [2, 3, 4]], object)),
        fits.Column("plane", "6I", dim="(3,2)", array=np.arange(12).reshape(2, 2, 3)),
        fits.Column("padded", "5A", array=np.array(["ab ", ""])),
        fits.Column("nothing", "0J", array=np.zeros((2, 0), np.int32)),
    ]
    path = tmp_path / "t.fits"
    fits.BinTableHDU.from_columns(columns, name="ALL").writeto(path)
    for key, value in (("TSCAL3", 0.5), ("TZERO3", 10.0), ("TNULL3", -99)):
        fits.setval(path, key, value=value, ext=1)
    metas, values = read(path)
    assert "nothing" not in metas
    assert values["unsigned"] == [0, 65535]
    assert values["signed"] == [-128, 127]
    assert values["scaled"] == [11.0, None]
    assert values["null"] == [None, 7]
    assert values["long"] == longs.tolist()
    assert values["bits"] == [[True] + [False] * 10, [False] * 10 + [True]]
    assert values["complex"] == [[1, 2, 3, 0], [4, 0, 0, 5]]
    assert values["heap"] == [[1.5, 2.5], [3.5]]
    assert values["texts"] == ["long text", "x"]
    assert values["wide"] == [[1], [2, 3, 4]]
    assert values["plane"] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert values["padded"] == ["ab", None]
    types = {name: (meta.datatype, meta.arraysize) for name, meta in metas.items()}
    assert types["unsigned"] == ("int", None)
    assert types["signed"] == ("short", None)
    assert types["scaled"] == ("double", None)
    assert types["bits"] == ("boolean", "11")
    assert types["complex"] == ("float", "2x2")
    assert types["heap"] == ("float", "*")
    assert types["plane"] == ("short", "3x2")


def test_unsigned_longs_that_fit(tmp_path: Path) -> None:
    column = fits.Column("u", "K", bzero=2**63, array=np.array([0, 2**63 - 1], np.uint64))
    fits.BinTableHDU.from_columns([column]).writeto(tmp_path / "u.fits")
    assert read(tmp_path / "u.fits")[1]["u"] == [0, 2**63 - 1]


def test_one_of_several_tables(tmp_path: Path) -> None:
    hdus = [
        fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[n])], name=f"T{n}")
        for n in (1, 2)
    ]
    path = tmp_path / "t.fits.gz"
    fits.HDUList([fits.PrimaryHDU(np.zeros(5000)), *hdus]).writeto(path)
    assert read(path)[1]["a"] == [1]
    assert read(path, "T2")[1]["a"] == read(path, "2")[1]["a"] == [2]
    with open_table(path) as source:
        assert "1 T1, 2 T2; number 1 was read" in source.notes[0]
    with pytest.raises(TableError, match="no binary table 'T3' in it; it has 1 T1, 2 T2"):
        read(path, "T3")


_HEADER = (
    '<VOTABLE version="1.4"><RESOURCE><TABLE>'
    '<FIELD name="a" datatype="int" ucd="meta.id" unit="s"><DESCRIPTION>An a</DESCRIPTION></FIELD>'
    "{}</TABLE></RESOURCE></VOTABLE>"
)


def test_fits_plus(tmp_path: Path) -> None:
    """The primary HDU of STILTS's fits-plus files holds a VOTable that describes the columns."""
    octets = np.frombuffer(_HEADER.format("").encode(), np.uint8)
    primary = fits.PrimaryHDU(octets)
    primary.header["VOTMETA"] = True
    table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[5])])
    fits.HDUList([primary, table]).writeto(tmp_path / "t.fits")
    meta = read(tmp_path / "t.fits")[0]["a"]
    assert (meta.ucd, meta.unit, meta.description) == ("meta.id", "s", "An a")


def test_voparquet(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([5], pa.int32())})
    said = {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": _HEADER}
    said["IVOA.VOTable-Parquet.content"] = _HEADER.format("")
    pq.write_table(table.replace_schema_metadata(said), tmp_path / "t.parquet")
    meta = read(tmp_path / "t.parquet")[0]["a"]
    assert (meta.ucd, meta.unit, meta.description) == ("meta.id", "s", "An a")


def test_fits_within_a_votable(tmp_path: Path) -> None:
    inner = tmp_path / "inner.fits"
    fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[5, 6])]).writeto(inner)
    stream = base64.b64encode(inner.read_bytes()).decode()
    data = f'<DATA><FITS extnum="1"><STREAM encoding="base64">{stream}</STREAM></FITS></DATA>'
    (tmp_path / "t.vot.gz").write_bytes(gzip.compress(_HEADER.format(data).encode()))
    metas, values = read(tmp_path / "t.vot.gz")
    assert values["a"] == [5, 6]
    assert metas["a"].ucd == "meta.id"


@pytest.mark.parametrize(
    ("field", "cells", "expected"),
    [
        ('datatype="int"', ["0x1F", " 7 ", "+3", ""], [31, 7, 3, None]),
        ('datatype="double"', ["+1e3", "NaN", "-Inf", "+Inf"], [1e3, None, -np.inf, np.inf]),
        ('datatype="boolean"', ["T", "0", "?", "true"], [True, False, None, True]),
        ('datatype="bit" arraysize="3"', ["101", "0 1 0", "", "111"],
         [[True, False, True], [False, True, False], None, [True] * 3]),
        ('datatype="float" arraysize="*"', ["1 NaN", " ", "2", "-1 +2"],
         [[1, pytest.approx(np.nan, nan_ok=True)], None, [2], [-1, 2]]),
        ('datatype="char" arraysize="*"', [" a ", "&lt;b&gt;", "<![CDATA[<c>]]>", ""],
         [" a ", "<b>", "<c>", None]),
        ('datatype="floatComplex"', ["1 2", "", "3 4", "0 0"], [[1, 2], None, [3, 4], [0, 0]]),
    ],
)  # fmt: skip
def test_cells_of_tabledata(
    field: str, cells: list[str], expected: list[Any], tmp_path: Path
) -> None:
    rows = "".join(f"<TR><TD>{cell}</TD></TR>\n" for cell in cells)
    path = tmp_path / "t.vot"
    path.write_text(
        '<v:VOTABLE xmlns:v="http://www.ivoa.net/xml/VOTable/v1.3"><v:RESOURCE><v:TABLE>'
        f'<v:FIELD name="a" {field}/><v:DATA><v:TABLEDATA>'
        + rows.replace("TR>", "v:TR>").replace("TD>", "v:TD>")
        + "</v:TABLEDATA></v:DATA></v:TABLE></v:RESOURCE></v:VOTABLE>"
    )  # fmt: skip
    assert read(path)[1]["a"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n", {"a": [1], "b": ["x"]}),
        ("\ufeffa;b\n1;x\n2;y\n", {"a": [1, 2], "b": ["x", "y"]}),
        ("# a\tb\n1\tx\n", {"a": [1], "b": ["x"]}),
        ("a|b\n1|x\n", {"a": [1], "b": ["x"]}),
        ('a,b\n1,"two\nlines, ""quoted"""\n', {"a": [1], "b": ['two\nlines, "quoted"']}),
        ("a\n1\n2\n", {"a": [1, 2]}),
        ("a, b\n 1, NaN\n2, 3.5\n", {"a": [1, 2], "b": [None, 3.5]}),
        ("a,b\n9223372036854775807,007\n", {"a": [2**63 - 1], "b": ["007"]}),
        ("a,b\n9223372036854775808,true\n", {"a": [2.0**63], "b": [True]}),
        ("a,b\n,\n,\n", {"a": [None, None], "b": [None, None]}),
        ("a,b\n", {"a": [], "b": []}),
        ("a,b\r\n1,\r\n", {"a": [1], "b": [None]}),
    ],
)
def test_dialects_of_csv(text: str, expected: Values, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text, newline="")
    assert read(tmp_path / "t.csv")[1] == expected


def test_a_type_is_of_all_rows(tmp_path: Path) -> None:
    """The only text of a column comes after two megabytes of numbers."""
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "12345678,1.5\n" * 200_000 + "x,2\n")
    metas, values = read(path)
    assert (metas["a"].datatype, metas["b"].datatype) == ("char", "double")
    assert (values["a"][0], values["a"][-1]) == ("12345678", "x")
