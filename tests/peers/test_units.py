"""Units and UCDs of every document that clients read are those of VOUnits 1.1 and of the UCD list,
which taplint's stage UUC asks for in versions of STILTS newer than Debian's."""

import io
import warnings
from collections.abc import Iterable
from urllib.parse import urlencode

import astropy.units as u
import httpx
import pytest
from astropy.io.votable import parse
from astropy.io.votable.tree import VOTableFile
from astropy.io.votable.ucd import parse_ucd
from lxml import etree

from tests.conftest import Stack

_DID = "ivo://x-unregistered/starhaul?sim-images/frame-g-galaxies-1.fits"
# What cone search demands of the first version of UCDs (SCS 1.03 §2.2).
_OLD = {"ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"}


def _wrong(said: Iterable[tuple[str, str | None, str | None]]) -> list[str]:
    """What is no unit or no UCD, of names with both."""
    found = []
    for name, unit, ucd in said:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # of units that VOUnits deprecates
                u.Unit(unit or "", format="vounit")
            if ucd and ucd not in _OLD:
                parse_ucd(ucd, check_controlled_vocabulary=True, has_colon=False)
        except (ValueError, u.UnitsWarning) as error:
            found.append(f"{name}: {error}")
    return found


def _fields(document: VOTableFile) -> Iterable[tuple[str, str | None, str | None]]:
    for field in [*document.iter_fields_and_params()]:
        yield field.name, str(field.unit or ""), field.ucd


def test_of_tables(stack: Stack) -> None:
    root = etree.fromstring(httpx.get(f"{stack.url}/tap/tables?detail=max").content)
    columns = [
        (each.findtext("name", ""), each.findtext("unit"), each.findtext("ucd"))
        for each in root.iter("column")
    ]
    assert len(columns) > 50
    assert _wrong(columns) == []


@pytest.mark.parametrize(
    "path",
    [
        "/ssap?REQUEST=queryData&TOP=1",
        "/ssap?REQUEST=queryData&FORMAT=METADATA",
        "/sia/query?MAXREC=1",
        "/cone/ivoa.obscore?RA=1&DEC=1&SR=0&VERB=3",
        f"/datalink/links?{urlencode({'ID': _DID})}",
        "/tap/sync?LANG=ADQL&QUERY=SELECT+TOP+1+*+FROM+ivoa.obscore",
    ],
)
def test_of_answers(stack: Stack, path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said below, with the name
        document = parse(io.BytesIO(httpx.get(f"{stack.url}{path}").content), unit_format="vounit")
    fields = list(_fields(document))
    assert len(fields) > 5
    assert _wrong(fields) == []
