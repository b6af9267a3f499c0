"""SELECT * FROM TAP_UPLOAD.t gives what went in: values, order, metadata, in every format."""

import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse
from astropy.io.votable.tree import Field, VOTableFile
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Stack
from tests.publish.everything import cells, everything, with_arrays
from tests.uploads.conftest import ALL, Uploading, votable


@pytest.fixture(scope="module")
def uploading(stack: Stack) -> Uploading:
    """The archive that runs for the whole session, with its own limits."""
    return Uploading(stack.url, stack.home / "work" / "incoming")


def _fields(document: bytes) -> list[Field]:
    fields: list[Field] = parse(BytesIO(document)).get_first_table().fields
    return fields


@pytest.mark.parametrize("answer", ["votable/td", "votable/b2"])
@pytest.mark.parametrize("serialization", ["tabledata", "binary", "binary2"])
def test_every_type_of_votable(uploading: Uploading, serialization: str, answer: str) -> None:
    sent = with_arrays()
    if serialization == "binary":  # which has no NULL for integers
        sent = sent[:2].filled()
    found = uploading.table(ALL, {"t": votable(sent, serialization)}, RESPONSEFORMAT=answer)
    assert found.colnames == sent.colnames
    for name in sent.colnames:
        if name != "wave":
            assert cells(found, name) == cells(sent, name), name
    assert found["wave"].tolist()[:2] == [[1, 2], [0, -3.5]]  # a pair for a complex number


@pytest.mark.parametrize("serialization", ["tabledata", "binary2"])
def test_metadata_come_back(uploading: Uploading, serialization: str) -> None:
    sent = votable(with_arrays(), serialization)
    answer = uploading.post(ALL, {"t": sent})
    for field, back in zip(_fields(sent), _fields(answer.content), strict=True):
        if field.name == "wave":
            continue
        kind = "boolean" if field.datatype == "bit" else field.datatype
        assert (back.name, back.datatype) == (field.name, kind)
        assert (back.unit, back.ucd, back.description) == (field.unit, field.ucd, field.description)
        assert "*" in str(back.arraysize) or back.arraysize == field.arraysize


@pytest.mark.parametrize("form", ["fits", "ascii.ecsv", "ascii.csv"])
def test_other_formats(uploading: Uploading, form: str, tmp_path: Path) -> None:
    sent = everything()
    if form == "ascii.csv":
        sent.keep_columns(["id", "ra", "dec", "medium", "large", "word", "Größe", "two words"])
    elif form == "fits":
        sent["Größe"].name = "Grosse"
        sent["Grosse"] = ["a", "b", "c"]
        sent["yes"] = [True, False, True]
    path = tmp_path / "t"
    sent.write(path, format=form)
    found = uploading.table(ALL, {"t": path.read_bytes()})
    assert found.colnames == sent.colnames
    for name in sent.colnames:
        if name != "seen":  # microseconds may be written
            assert cells(found, name) == cells(sent, name), name


def test_parquet(uploading: Uploading) -> None:
    sent = everything()
    written = BytesIO()
    pq.write_table(pa.table({name: cells(sent, name) for name in sent.colnames}), written)
    found = uploading.table(ALL, {"t": written.getvalue()})
    assert {name: cells(found, name) for name in found.colnames} == {
        name: cells(sent, name) for name in sent.colnames
    }


@pytest.mark.parametrize("form", ["votable-fits-inline", "votable-binary-inline"])
def test_serializations_by_stilts(
    uploading: Uploading, require_tool: Callable[[str], str], tmp_path: Path, form: str
) -> None:
    sent = everything()
    sent.remove_column("Größe")  # FITS holds ASCII
    source, target = tmp_path / "in.vot", tmp_path / "out.vot"
    source.write_bytes(votable(sent))
    command = [require_tool("stilts"), "tcopy", str(source), str(target), f"ofmt={form}"]
    subprocess.run(command, check=True, capture_output=True)
    found = uploading.table(ALL, {"t": target.read_bytes()})
    assert len(found.colnames) == len(sent.colnames)
    for name in ("id", "ra", "yes", "select", "two words", "seen"):
        assert cells(found, name) == cells(sent, name), name


NAMES = [
    "select",
    "two words",
    "Ra",
    "ra",
    'a "quoted" one',
    "c1",
    "f1",
    "hpx",
    "x$1",
    "n" * 90,
    "Ωmega",
    "a.b",
    "1st",
]


def test_names_of_every_kind(uploading: Uploading) -> None:
    """Names that PostgreSQL, or this archive, uses itself are names like others."""
    sent = Table({name: np.array([index, -index]) for index, name in enumerate(NAMES)})
    document = {"t": votable(sent)}
    found = uploading.table(ALL, document)
    assert found.colnames == NAMES
    for name in NAMES:
        written = '"' + name.replace('"', '""') + '"'
        assert cells(uploading.table(f"SELECT {written} FROM TAP_UPLOAD.t", document), name) == (
            cells(sent, name)
        )


def test_columns_without_names_or_with_the_same(uploading: Uploading) -> None:
    found = uploading.post(ALL, {"t": b"a,,a\n1,2,3\n"}, RESPONSEFORMAT="csv")
    assert found.text.splitlines()[1] == "1,2,3"


def test_the_order_of_rows_is_kept(uploading: Uploading) -> None:
    order = np.random.default_rng(7).permutation(3000)
    sent = Table({"ra": order / 10.0, "dec": order / 100.0, "n": order})
    assert cells(uploading.table(ALL, {"t": votable(sent, "binary2")}), "n") == order.tolist()


@pytest.mark.parametrize(
    ("moment", "back"),
    [
        ("2020-01-01T12:00:00Z", "2020-01-01T12:00:00"),
        ("2020-01-01", "2020-01-01T00:00:00"),
        ("2020-02-29T23:59:59.25", "2020-02-29T23:59:59.25"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ],
)
def test_timestamps(uploading: Uploading, moment: str, back: str) -> None:
    document = parse(BytesIO(votable(Table({"seen": [moment]}))))
    document.get_first_table().fields[0].xtype = "timestamp"
    sent = _bytes(document)
    found = uploading.post(ALL, {"t": sent})
    assert _fields(found.content)[0].xtype == "timestamp"
    assert parse(BytesIO(found.content)).get_first_table().array["seen"].tolist() == [back]
    later = f"SELECT seen FROM TAP_UPLOAD.t WHERE seen >= '{back}'"
    assert len(uploading.table(later, {"t": sent})) == 1


def _bytes(document: VOTableFile) -> bytes:
    written = BytesIO()
    document.to_xml(written)
    return written.getvalue()


def _typed(values: list[Any], kind: str) -> MaskedColumn:
    missing = [value is None for value in values]
    filled = [0 if value is None else value for value in values]
    return MaskedColumn(np.array(filled, kind), mask=missing)


_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12
).filter(lambda text: text == text.strip())
_ROW = st.tuples(
    st.none() | st.integers(-(2**15), 2**15 - 1),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, width=32),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.booleans(),
    _TEXT,
    st.none() | st.integers(0, 255),
)


@given(
    rows=st.lists(_ROW, min_size=1, max_size=12),
    serialization=st.sampled_from(["tabledata", "binary2"]),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_values(uploading: Uploading, rows: list[Any], serialization: str) -> None:
    kinds = ["int16", "int64", "float32", "float64", "bool"]
    columns = list(zip(*rows, strict=True))
    sent = Table({f"c_{k}": _typed(c, k) for k, c in zip(kinds, columns, strict=False)})
    sent["text"] = np.array(columns[5], "U24")
    sent["octet"] = _typed(list(columns[6]), "uint8")
    document = votable(sent, serialization)
    read = Table.read(BytesIO(document), format="votable")  # what astropy makes of its own file
    found = uploading.table(ALL, {"t": document})
    for name in sent.colnames:
        assert cells(found, name) == cells(read, name), name
