"""Genuine catalogues and answers of archives: what astropy reads of them is what is published."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits, votable
from astropy.table import Table

from service.tables.reading import open_table
from service.tables.table import TableError
from tests.publish.conftest import Publisher
from tests.publish.everything import cells

_CATALOGUES = {
    "harps-targets/HARPS_all.csv": ("RA", "Dec"),
    "harps-targets/HARPScat_param.csv": ("RA", "Dec"),
    "harps-targets/HARPScat_tgas.csv": ("RA", "Dec"),
    "harps-targets/HARPS_GALAH_overlap.csv": None,
    "quasars/ztbl_E.fits": ("RA", "DEC"),
}
# What makes a file no table, in the words of the message.
_REFUSED = {
    "custom_datatype.xml": "which VOTable has not",
    "mivot_block_custom_datatype.xml": "no TABLE with columns",
    "parquet_binary.xml": "its rows are in PARQUET",
    "resource_groups.xml": "no TABLE with columns",
    "tap-cadc-tap-server-EmptyTable.xml": "no TABLE with columns",
    "test.order.xml": "no TABLE with columns",
    "too_many_columns.xml.gz": "45 cells in a table of 41 columns",
}

# Their rows; one has the arraysize 100x* of a char, the other a TIMESYS without ID.
_ASTROPY_REFUSES = {
    "astroquery-esa-euclid-test_get_scientific_product_list.vot": 1,
    "timesys_errors.xml": 1,
}


@pytest.mark.parametrize("name", _CATALOGUES)
def test_catalogues(name: str, shared: Path, publisher: Publisher) -> None:
    path = shared / "data" / "catalogues" / name
    report = publisher.publish(path, f"genuine.{path.stem}")
    assert report.position == _CATALOGUES[name]
    if path.suffix == ".csv":
        assert report.rows == len(path.read_text().splitlines()) - 1
    else:
        with fits.open(path) as hdus:
            assert report.rows == hdus[1].header["NAXIS2"]


def _votables(folder: Path) -> list[Path]:
    return sorted(
        path
        for kind in ("votable-suite", "tap-responses")
        for path in (folder / kind).iterdir()
        if path.suffix in (".xml", ".vot") or path.name.endswith((".xml.gz", ".vot.gz"))
    )


def _as_astropy(path: Path) -> Table:
    """The first table; text as astropy's own string columns hold it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = votable.parse(path, verify="ignore")
        return next(t for t in document.iter_tables() if t.fields).to_table(use_names_over_ids=True)


def _same(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is None and expected in (None, 0)  # an empty integer is 0 to astropy
    return bool(np.isclose(found, expected))


def test_votables_of_archives(shared: Path) -> None:
    """Single numbers of every readable VOTable, value by value; the others are refused in words."""
    compared = 0
    for path in _votables(shared / "data" / "metadata"):
        if path.name in _REFUSED:
            with pytest.raises(TableError, match=_REFUSED[path.name]), open_table(path) as source:
                list(source.batches())
            continue
        with open_table(path) as source:
            batches = list(source.batches())
        if path.name in _ASTROPY_REFUSES:
            assert sum(batch.num_rows for batch in batches) == _ASTROPY_REFUSES[path.name]
            continue
        expected = _as_astropy(path)
        assert sum(batch.num_rows for batch in batches) == len(expected), path.name
        for index, meta in enumerate(source.head.columns):
            if meta.arraysize is not None or meta.datatype == "boolean":
                continue
            found = [v for batch in batches for v in batch.column(index).to_pylist()]
            wanted = cells(expected, expected.colnames[index])
            pairs = list(zip(found, wanted, strict=True))
            assert all(_same(*pair) for pair in pairs), (path.name, meta.name, pairs)
            compared += len(found)
    assert compared > 1000
