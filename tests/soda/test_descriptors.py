"""The service as it describes itself, and each dataset as what can be cut out of it."""

import io

import httpx
import pytest
import pyvo
from astropy.io import fits
from lxml import etree, html

from adql.sky import shapes, stcs
from tests.conftest import rows_of
from tests.datalink.reading import VOTABLE, rows
from tests.serving import Service
from tests.soda.conftest import BROWSER, CUBE, DID, IMAGE, SPECTRUM, STOKES
from tests.xsd import valid

SODA = "ivo://ivoa.net/std/SODA#"
# Name, UCD and unit (SODA 1.0 §3.5), datatype, arraysize, xtype.
PARAMETERS = {
    ("ID", "meta.ref.url;meta.curation", None, "char", "*", None),
    ("POS", "pos.outline;obs", None, "char", "*", None),
    ("CIRCLE", "pos.outline;obs", "deg", "double", "3", "circle"),
    ("POLYGON", "pos.outline;obs", "deg", "double", "*", "polygon"),
    ("BAND", "em.wl;stat.interval", "m", "double", "2", "interval"),
    ("TIME", "time.interval;obs.exposure", "d", "double", "2", "interval"),
    ("POL", "meta.code;phys.polarization", None, "char", "*", None),
}
PLACES = ["ID", "POS", "CIRCLE", "POLYGON", "CENTER", "PIXELS"]


def test_capabilities(archive: httpx.Client) -> None:
    root = valid(archive.get("/soda/capabilities").content, "capabilities.xsd")
    found = {each.get("standardID"): each for each in root.iter("capability")}
    for name in ("sync", "async"):
        everybody, who_logs_in = found[f"{SODA}{name}-1.0"].iterfind("interface")
        assert everybody.findtext("accessURL") == f"{archive.base_url}/soda/{name}"
        assert (everybody.get("role"), who_logs_in.get("role")) == ("std", None)
        said = {
            (p.findtext("name"), p.findtext("ucd"), p.findtext("unit"))
            for p in everybody.iterfind("param[@std='true']")
        }
        assert said == {each[:3] for each in PARAMETERS}
    valid(archive.get("/soda/availability").content, "VOSIAvailability.xsd")


def test_each_example_cuts_something(archive: httpx.Client) -> None:
    answer = archive.get("/soda/examples")
    assert answer.headers["content-type"].startswith("application/xhtml+xml")
    found = etree.fromstring(answer.content).xpath("//*[@typeof='example']")
    assert [example.get("id") for example in found] == [
        f"{kind}-cutout" for kind in ("image", "cube", "spectrum")
    ]
    for example in found:
        keys, values = (
            ["".join(each.itertext()) for each in example.xpath(f".//*[@property='{name}']")]
            for name in ("key", "value")
        )
        cut = archive.get("/soda/sync", params=dict(zip(keys, values, strict=True)))
        assert (cut.status_code, keys[0]) == (200, "ID"), cut.text
        assert len(keys) > 1


def _links(archive: httpx.Client, *names: str) -> etree._Element:
    answer = archive.post("/datalink/links", data={"ID": [DID + name for name in names]})
    return valid(answer.content, "VOTable.xsd")


def _described(root: etree._Element, name: str) -> tuple[etree._Element, etree._Element]:
    """The descriptors that the rows of a dataset refer to, for cutouts at once and as a job."""
    cutouts = [
        row["service_def"]
        for row in rows(etree.tostring(root))
        if (row["ID"], row["semantics"]) == (DID + name, "#cutout")
    ]
    at_once, as_job = (root.find(f"{VOTABLE}RESOURCE[@ID='{identity}']") for identity in cutouts)
    assert at_once is not None
    assert as_job is not None
    return at_once, as_job


def _inputs(resource: etree._Element) -> dict[str, etree._Element]:
    params = resource.iterfind(f"{VOTABLE}GROUP[@name='inputParams']/{VOTABLE}PARAM")
    return {str(param.get("name")): param for param in params}


def _end(param: etree._Element, tag: str) -> list[float]:
    (end,) = param.iterfind(f"{VOTABLE}VALUES/{VOTABLE}{tag}")
    return [float(word) for word in str(end.get("value")).split()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("images/2mass-aplpy/2MASS_k.fits.gz", PLACES),
        ("cubes/l1448-13co/l1448_13co.fits", PLACES),  # of velocities without a rest frequency
        ("cubes/n2hp/n2hp_cube.fits", ["ID", "BAND"]),  # without celestial coordinates
        ("spectra/sdss/spec-0411-51817-0119.fits", ["ID", "BAND", "RESPONSEFORMAT"]),
    ],
)
def test_a_dataset_is_described_with_its_true_ranges(
    archive: httpx.Client, service: Service, name: str, expected: list[str]
) -> None:
    (known,) = rows_of(
        service.database_url,
        "SELECT * FROM archive.dataset WHERE obs_publisher_did = $1",
        DID + name,
    )
    described = _described(_links(archive, name), name)
    for resource, kind in zip(described, ("sync", "async"), strict=True):
        said = {p.get("name"): p.get("value") for p in resource.iterfind(f"{VOTABLE}PARAM")}
        assert said["standardID"] == f"{SODA}{kind}-1.0"
        assert said["accessURL"] == f"{archive.base_url}/soda/{kind}"
        inputs = _inputs(resource)
        assert list(inputs) == expected
        assert inputs["ID"].get("ref") == "ID"
        keys = ("name", "ucd", "unit", "datatype", "arraysize", "xtype")
        triples = {tuple(param.get(key) for key in keys) for param in inputs.values()}
        assert {t for t in triples if t[0] in {p[0] for p in PARAMETERS}} <= PARAMETERS
        if "BAND" in inputs:
            assert _end(inputs["BAND"], "MIN") == [known["em_min"]]
            assert _end(inputs["BAND"], "MAX") == [known["em_max"]]
        if "CIRCLE" in inputs:
            outline = stcs.parse(known["s_region"])
            assert isinstance(outline, shapes.Polygon)
            corners = [c for vertex in outline.vertices for c in (vertex.lon, vertex.lat)]
            assert _end(inputs["POLYGON"], "MAX") == pytest.approx(corners, abs=1e-9)
            lon, lat, radius = _end(inputs["CIRCLE"], "MAX")
            middle = shapes.vector(shapes.Point(lon, lat))
            reach = max(shapes.separation(middle, shapes.vector(v)) for v in outline.vertices)
            assert radius == pytest.approx(reach * 57.29577951308232, rel=1e-6)
            assert _end(inputs["PIXELS"], "MAX") == [known["s_xel1"], known["s_xel2"]]


def test_states_of_polarization_are_options(archive: httpx.Client) -> None:
    answer = archive.get("/datalink/links", params={"ID": STOKES})
    root = valid(answer.content, "VOTable.xsd")
    (described,) = root.iterfind(f"{VOTABLE}RESOURCE[@ID='cutout-1']")
    pol = _inputs(described)["POL"]
    options = [o.get("value") for o in pol.iterfind(f"{VOTABLE}VALUES/{VOTABLE}OPTION")]
    assert options == ["I", "Q", "U"]


def test_the_whole_range_that_is_told_is_found(archive: httpx.Client) -> None:
    name = "images/2mass-aplpy/2MASS_k.fits.gz"
    inputs = _inputs(_described(_links(archive, name), name)[0])
    for parameter in ("CIRCLE", "POLYGON"):
        values = " ".join(map(str, _end(inputs[parameter], "MAX")))
        answer = archive.get("/soda/sync", params={"ID": DID + name, parameter: values})
        assert fits.open(io.BytesIO(answer.content))[0].shape == (720, 721)


@pytest.mark.parametrize(
    ("identifier", "fields"),
    [
        (IMAGE, [["ID", "CIRCLE"], ["ID", "CENTER", "PIXELS"]]),
        (CUBE, [["ID", "BAND"]]),
        (SPECTRUM, [["ID", "BAND", "RESPONSEFORMAT"]]),
        (STOKES, [["ID", "CIRCLE", "BAND", "POL", "POL", "POL"], ["ID", "CENTER", "PIXELS"]]),
    ],
)
def test_the_forms_of_a_page_cut_as_they_are(
    archive: httpx.Client, identifier: str, fields: list[list[str]]
) -> None:
    answer = archive.get("/datalink/links", params={"ID": identifier}, headers=BROWSER)
    forms = html.fromstring(answer.text).xpath("//section[@class='cut']//form")
    assert [[name for name, _ in form.form_values()] for form in forms] == fields
    for form in forms:
        assert form.action == f"{archive.base_url}/soda/sync"
        cut = archive.get(form.action, params=form.form_values(), headers=BROWSER)
        assert cut.status_code == 200, cut.text
        assert cut.content.startswith(b"SIMPLE")
        assert len(cut.content) > 2880


def test_pyvo_cuts_each_row_that_it_follows(archive: httpx.Client) -> None:
    names = (
        "images/2mass-aplpy/2MASS_k.fits.gz",
        "images/decam/c4d_141029_043225_ooi_g_ls9.N26.fits",
    )
    tap = pyvo.dal.TAPService(f"{archive.base_url}/tap")
    found = tap.search("SELECT * FROM ivoa.obscore WHERE dataproduct_type = 'image'")
    rows_by_id = {row["obs_publisher_did"]: row for row in found}
    for links in found.iter_datalinks():
        row = links.original_row
        if row["obs_publisher_did"].removeprefix(DID) not in names:
            continue
        circle = (row["s_ra"], row["s_dec"], 0.001)
        for source in (links.get_first_proc(), rows_by_id[row["obs_publisher_did"]]):
            cut = fits.open(io.BytesIO(source.processed(circle=circle).read()))
            size = max(hdu.data.size for hdu in cut if hdu.data is not None)
            assert 1 <= size < 1000
    images = pyvo.dal.SIA2Service(f"{archive.base_url}/sia").search(pos=(266.4, -28.93, 0.001))
    cut = images[0].processed(circle=(266.4, -28.93, 0.01)).read()
    assert fits.open(io.BytesIO(cut))[0].data.shape == (15, 15)
    spectra = pyvo.dal.SSAService(f"{archive.base_url}/ssap").search(
        pos=(46.557, -0.3415), diameter=0.1
    )
    assert spectra[0].processed(band=[5e-7, 5.1e-7]).read().startswith(b"SIMPLE")
