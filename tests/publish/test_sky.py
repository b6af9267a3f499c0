"""Which columns become a position, and that cones, joins and regions find what they should."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table

from service.publish.columns import published_columns
from service.publish.metadata import load_metadata
from service.publish.position import find_position
from service.tables.reading import open_table
from service.tables.table import Place
from tests.publish.conftest import Publisher

Ask = Callable[[str], Table]


def _votable(path: Path, *fields: str, system: str | None = None) -> Path:
    coosys = f'<COOSYS ID="s" system="{system}"/>' if system else ""
    listed = "".join(f"<FIELD {field}/>" for field in fields)
    path.write_text(f"<VOTABLE>{coosys}<RESOURCE><TABLE>{listed}</TABLE></RESOURCE></VOTABLE>")
    return path


_RA = 'name="a" datatype="double" unit="deg" ucd="pos.eq.ra"'
_DEC = 'name="d" datatype="double" unit="deg" ucd="pos.eq.dec"'
_MAIN_RA = 'name="am" datatype="float" ucd="pos.eq.ra;meta.main"'
_MAIN_DEC = 'name="dm" datatype="float" ucd="POS.EQ.DEC;META.MAIN"'


@pytest.mark.parametrize(
    ("fields", "system", "expected"),
    [
        ((_RA, _DEC), None, ("a", "d")),
        ((_RA, _DEC, _MAIN_RA, _MAIN_DEC), None, ("am", "dm")),
        (('name="RA" datatype="double"', 'name="Dec" datatype="double"'), None, ("RA", "Dec")),
        (('name="RAJ2000" datatype="int"', 'name="DEJ2000" datatype="int"'), None,
         ("RAJ2000", "DEJ2000")),
        ((_RA.replace("/>", ""), _DEC), "ICRS", ("a", "d")),
        ((_RA + ' ref="s"', _DEC), "eq_FK4", "frame eq_FK4, not ICRS"),
        ((_RA.replace("deg", "rad"), _DEC), None, "a is in rad, not in degrees"),
        ((_RA.replace("double", "char"), _DEC), None, "holds no single numbers"),
        ((_RA,), None, None),
        (('name="e_ra" datatype="double" ucd="stat.error;pos.eq.ra"', _DEC), None, None),
    ],
)  # fmt: skip
def test_the_position_of_a_table(
    fields: tuple[str, ...],
    system: str | None,
    expected: tuple[str, str] | str | None,
    tmp_path: Path,
) -> None:
    path = _votable(tmp_path / "t.vot", *fields, system=system)
    metadata = load_metadata(None, path)
    with open_table(path) as source:
        columns = published_columns(source.head, metadata, Place(path))
        found = find_position(columns, metadata, source.head.frame)
    if isinstance(expected, tuple):
        assert found.position is not None
        assert (found.position.ra.meta.name, found.position.dec.meta.name) == expected
    else:
        assert found.position is None
        assert (expected or "") in (found.note or "")


@pytest.fixture(scope="module")
def points() -> Table:
    """Positions all over the sky, some missing, some impossible, some written beyond 360."""
    rng = np.random.default_rng(20)
    rows = 3_000
    table = Table({"id": np.arange(rows), "x": np.zeros(rows), "hpx": np.zeros(rows, int)})
    table["ra"] = rng.random(rows) * 360
    table["dec"] = np.degrees(np.arcsin(rng.random(rows) * 2 - 1))
    table["ra"][:500] = rng.random(500) * 2 - 1  # around zero, on both sides
    table["dec"][:500] = rng.random(500) * 2 - 1
    table["dec"][500:600] = 89.9 + rng.random(100) * 0.1
    table["ra"][600:610] = np.nan
    table["dec"][610:620] = 95.0
    table["ra"].unit = table["dec"].unit = "deg"
    return table


@pytest.fixture(scope="module")
def asked(points: Table, database: "object", tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The table, published as sky.points; and sky.areas with regions."""
    folder = tmp_path_factory.mktemp("sky")
    publisher = Publisher(database.url)  # type: ignore[attr-defined]
    points.write(folder / "points.fits")
    publisher.publish(folder / "points.fits", "sky.points")
    (folder / "areas.csv").write_text(
        "id,outline\n1,CIRCLE ICRS 10 10 2\n2,POLYGON 30 30 32 30 32 32 30 32\n3,nonsense\n4,\n"
    )
    (folder / "areas.csv.toml").write_text('[columns.outline]\nxtype = "adql:REGION"\n')
    publisher.publish(folder / "areas.csv", "sky.areas")
    return points


@pytest.mark.parametrize("centre", [(0.0, 0.0), (359.9, 0.3), (120.0, 90.0), (200.0, -45.0)])
@pytest.mark.parametrize("radius", [0.05, 0.7, 12.0])
def test_cones(centre: tuple[float, float], radius: float, asked: Table, ask: Ask) -> None:
    known = np.isfinite(asked["ra"]) & (np.abs(asked["dec"]) <= 90)
    places = SkyCoord(asked["ra"][known], asked["dec"][known])
    near = places.separation(SkyCoord(*centre, unit="deg")).deg < radius
    found = ask(
        "SELECT id FROM sky.points WHERE "
        f"1 = CONTAINS(POINT(ra, dec), CIRCLE({centre[0]}, {centre[1]}, {radius}))"
    )
    assert set(found["id"].tolist()) == set(asked["id"][known][near].tolist())


def test_pairs_within_a_distance(asked: Table, ask: Ask) -> None:
    found = ask(
        "SELECT a.id AS a, b.id AS b FROM sky.points AS a JOIN sky.points AS b "
        "ON DISTANCE(POINT(a.ra, a.dec), POINT(b.ra, b.dec)) < 0.02 WHERE a.id < 620 AND b.id < 620"
    )
    known = np.isfinite(asked["ra"]) & (np.abs(asked["dec"]) <= 90) & (asked["id"] < 620)
    places = SkyCoord(asked["ra"][known], asked["dec"][known])
    numbers = np.asarray(asked["id"][known])
    apart = places[:, None].separation(places[None, :]).deg
    first, second = np.nonzero(apart < 0.02)
    expected = set(zip(numbers[first].tolist(), numbers[second].tolist(), strict=True))
    assert set(zip(found["a"].tolist(), found["b"].tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    ("point", "expected"), [("10, 11.9", [1]), ("10, 12.1", []), ("31, 31", [2]), ("0, 0", [])]
)
def test_regions(point: str, expected: list[int], asked: Table, ask: Ask) -> None:
    found = ask(f"SELECT id FROM sky.areas WHERE 1 = CONTAINS(POINT({point}), outline)")
    assert found["id"].tolist() == expected
