"""Aladin itself: the lists, spectra and images of this archive, loaded by URL (aladin.jython)."""

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from astropy.coordinates import SkyCoord

from tests.conftest import Stack, absent

_JARS = [Path("/usr/share/java") / name for name in ("jython.jar", "aladin.jar")]
_DRIVER = Path(__file__).with_name("aladin.jython")
_LISTS = {
    "cone": "/cone/ivoa.obscore?RA=92.25&DEC=24.33&SR=0.5",
    "images": "/sia/query?POS=CIRCLE+184.5+12.7+1",
    "spectra": "/ssap?REQUEST=queryData&POS=92.25,24.33&SIZE=1",
}


def _rows(url: str) -> list[dict[str, str]]:
    """What a list holds, as CSV."""
    return list(csv.DictReader(httpx.get(f"{url}&RESPONSEFORMAT=csv").text.splitlines()))


def _one_row(folder: Path) -> Path:
    """A table of one row that no service of ours sent."""
    path = folder / "one.csv"
    path.write_text("ra,dec,name\n10.5,20.5,alone\n")
    return path


@pytest.fixture(scope="module")
def findings(
    stack: Stack,
    display: str,
    require_tool: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, str]]:
    """What Aladin says of each thing that it loaded."""
    if not all(jar.exists() for jar in _JARS):
        absent("Debian's packages aladin and jython are not installed")
    image = _rows(f"{stack.url}{_LISTS['images']}")[0]
    home = tmp_path_factory.mktemp("aladin")
    found = home / "findings.json"
    targets = {name: f"{stack.url}{path}" for name, path in _LISTS.items()}
    targets |= {"image": image["access_url"], "one row": str(_one_row(home))}
    targets["one row of ours"] = f"{targets['cone']}&MAXREC=1"
    command = [
        *(require_tool("java"), f"-Duser.home={home}", "-cp", ":".join(map(str, _JARS))),
        *("org.python.util.jython", str(_DRIVER), str(found), *targets.values()),
    ]
    done = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, "DISPLAY": display},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )
    assert found.exists(), done.stderr[-4000:]
    return dict(zip(targets, json.loads(found.read_text()), strict=True))


@pytest.mark.parametrize("name", ["cone", "images"])
def test_lists_are_loaded_with_all_their_rows(
    stack: Stack, findings: dict[str, dict[str, str]], name: str
) -> None:
    said = findings[name]
    # Shown or hidden: whether Aladin has drawn it yet.
    assert (said["Type"], said["Status"].split()[-1]) == ("Catalog", "selected")
    assert int(said["NbObj"]) == len(_rows(f"{stack.url}{_LISTS[name]}")) > 1


def test_spectra_are_listed_in_each_format(
    stack: Stack, findings: dict[str, dict[str, str]]
) -> None:
    answer = httpx.get(f"{stack.url}{_LISTS['spectra']}").text
    assert int(findings["spectra"]["NbObj"]) == answer.count("<TR>") > 1


def test_an_image_is_shown_where_it_lies(stack: Stack, findings: dict[str, dict[str, str]]) -> None:
    """The URL that SIA gives leads to an image with its WCS: Aladin tells of its middle."""
    row, said = _rows(f"{stack.url}{_LISTS['images']}")[0], findings["image"]
    assert (said["Type"], said["Width"], said["Height"]) == ("Image", row["s_xel1"], row["s_xel2"])
    middle = SkyCoord(said["Target"], unit=("hourangle", "deg"))
    there = SkyCoord(float(row["s_ra"]), float(row["s_dec"]), unit="deg")
    assert middle.separation(there).arcsec < 1


def test_a_table_of_one_row_is_beyond_it(findings: dict[str, dict[str, str]]) -> None:
    """Aladin 12.001 takes the second of one row, wherever the table comes from, as the guide
    says (decision 24): nothing that a service sends can help."""
    for name in ("one row", "one row of ours"):
        assert (findings[name]["NbObj"], findings[name]["Status"].split()[-1]) == ("0", "error")
