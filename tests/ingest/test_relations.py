"""Files that belong together: several to a dataset, and links between datasets."""

import hashlib

import pytest

from service.ingest.collection import CollectionError, parse_collection
from service.ingest.relations import Relation, group
from tests.ingest.conftest import AUTHORITY, Archive, write_image, write_spectrum

_HELD = """
    SELECT h.path, d.obs_publisher_did AS did, h.semantics, h.label, h.description, h.media_type,
        h.state FROM archive.holding h JOIN archive.dataset d ON d.id = h.dataset_id
    JOIN archive.collection c ON c.id = h.collection_id WHERE c.name = $1 ORDER BY h.path
"""
_LINKED = """
    SELECT d.obs_id, h.path, r.semantics, r.label, r.description FROM archive.relation r
    JOIN archive.dataset d ON d.id = r.dataset_id JOIN archive.holding h ON h.id = r.holding_id
    JOIN archive.collection c ON c.id = h.collection_id WHERE c.name = $1 ORDER BY 3, 1, 2
"""
_FOUND = """
    SELECT obs_id, access_url, access_format, access_estsize FROM ivoa.obscore
    WHERE obs_collection = $1 ORDER BY obs_id
"""
_PREVIEW = (
    "[[relations]]",
    'semantics = "#preview"',
    'files = "{dir}plots/{stem}.png"',
    'label = "quicklook"',
    'description = "Plot by the pipeline"',
)


def _relation(semantics: str, files: str, of: str = "*") -> Relation:
    return Relation(semantics=semantics, files=files, of=of)


@pytest.mark.parametrize(
    ("relation", "taken", "others", "parts"),
    [
        (
            _relation("#weight", "{key}_wht.fits", "{key}_sci.fits"),
            {"n/a_sci.fits", "n/a_wht.fits", "b_sci.fits", "m/b_wht.fits"},
            set(),
            {"n/a_wht.fits": "n/a_sci.fits"},
        ),
        (
            _relation("#preview", "{dir}png/{stem}*.png"),
            {"n/a.fits.fz", "b.fits"},
            {"n/png/a.png", "n/png/a-2.png", "png/b.png", "png/c.png"},
            {
                "n/png/a.png": "n/a.fits.fz",
                "n/png/a-2.png": "n/a.fits.fz",
                "png/b.png": "b.fits",
            },
        ),
        (
            _relation("#auxiliary", "logs/{night}/{number}.txt", "{night}/s{number}.fits"),
            {"n1/s7.fits", "n2/s7.fits", "n1/x.fits"},
            {"logs/n1/7.txt", "logs/n2/8.txt"},
            {"logs/n1/7.txt": "n1/s7.fits"},
        ),
        (
            _relation("#this", "{key}_blue.fits", "{key}_red.fits"),
            {"a+(1)_red.fits", "a+(1)_blue.fits", "A+(1)_blue.fits"},
            set(),
            {"a+(1)_blue.fits": "a+(1)_red.fits"},
        ),
        (_relation("#this", "*.fits"), {"a.fits", "b.fits"}, set(), {"b.fits": "a.fits"}),
        (_relation("#preview", "../{stem}.png"), {"n/a.fits"}, {"a.png"}, {}),
    ],
)
def test_names_that_belong_together(
    relation: Relation, taken: set[str], others: set[str], parts: dict[str, str]
) -> None:
    groups = group([relation], taken, others)
    assert {file: link.dataset for file, link in groups.parts.items()} == parts
    assert groups.datasets == taken - parts.keys()
    assert groups.links == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('semantics = "#prewiev"\nfiles = "a"', "no such relation; did you mean `#preview`?"),
        ('semantics = "#this"', "the key `relations.files` is missing"),
        ('semantics = "#this"\nfiles = "{key}.png"', "`files` has {key}, which `of` does not have"),
        ('semantics = "#this"\nfiles = "*/a.png"', "* in the name of the file alone"),
        ('semantics = "#this"\nfiles = "{A b}"', "{A b} is no name"),
        ('semantics = "#this"\nfiles = "a"\nof = "{dir}a"', "cannot name its pieces {dir}"),
        ('semantics = "#this"\nfile = "a"', "line 4: unknown key `relations.file`; did you mean"),
    ],
)
def test_a_wrong_relation_says_why(lines: str, message: str) -> None:
    with pytest.raises(CollectionError) as raised:
        parse_collection(f'name = "a"\n[[relations]]\n{lines}', "c.toml")
    assert message in str(raised.value)


def test_a_preview_is_part_of_its_dataset(archive: Archive) -> None:
    toml = archive.toml("plots", *_PREVIEW)
    write_spectrum(archive.folder / "data" / "n" / "a.fits")
    plot = archive.folder / "data" / "n" / "plots" / "a.png"
    plot.parent.mkdir()
    plot.write_bytes(b"png")
    (plot.parent / "stray.png").write_bytes(b"png")
    report = archive.ingest(toml)
    assert (report.files, report.accepted, report.refused) == (2, 2, {})
    one, two = archive.rows(_HELD, "plots")
    assert (one["path"], one["semantics"], one["label"]) == ("n/a.fits", "#this", None)
    assert dict(two) == {
        "path": "n/plots/a.png",
        "did": f"{AUTHORITY}?plots/n/a.fits",
        "semantics": "#preview",
        "label": "quicklook",
        "description": "Plot by the pipeline",
        "media_type": "image/png",
        "state": "present",
    }
    (kept,) = archive.rows("SELECT sha256 FROM archive.holding WHERE path = $1", "n/plots/a.png")
    assert kept["sha256"] == hashlib.sha256(b"png").digest()
    (found,) = archive.rows(_FOUND, "plots")
    assert found["access_format"] == "application/fits"
    assert "/files/" in found["access_url"]
    again = archive.ingest(toml)
    assert (again.accepted, again.unchanged, again.vanished) == (0, 2, 0)
    plot.write_bytes(b"other")
    assert archive.ingest(toml).accepted == 1
    plot.unlink()
    gone = archive.ingest(toml)
    assert (gone.accepted, gone.vanished) == (0, 0)
    assert [row["state"] for row in archive.rows(_HELD, "plots")] == ["present", "vanished"]
    assert len(archive.rows(_FOUND, "plots")) == 1


def test_several_files_make_one_dataset(archive: Archive) -> None:
    lines = ("[[relations]]", 'semantics = "#this"', 'of = "{key}_red.fits"')
    toml = archive.toml("arms", *lines, 'files = "{key}_blue.fits"')
    red = write_spectrum(archive.folder / "data" / "a_red.fits")
    archive.ingest(toml)
    (alone,) = archive.rows(_FOUND, "arms")
    assert alone["access_format"] == "application/fits"
    blue = write_spectrum(archive.folder / "data" / "a_blue.fits")
    assert archive.ingest(toml).accepted == 1
    (both,) = archive.rows(_FOUND, "arms")
    assert both["access_url"].endswith(
        "/datalink/links?ID=ivo://x-unregistered/starhaul%3Farms/a_red.fits"
    )
    assert both["access_format"] == "application/x-votable+xml;content=datalink"
    assert both["access_estsize"] == -(-(red.stat().st_size + blue.stat().st_size) // 1000)
    assert archive.ingest(toml).unchanged == 2
    write_spectrum(red, unit="nm")
    assert archive.ingest(toml).accepted == 1
    assert archive.rows(_FOUND, "arms")[0]["access_format"] == both["access_format"]
    blue.unlink()
    assert archive.ingest(toml).vanished == 0
    (left,) = archive.rows(_FOUND, "arms")
    assert (left["access_url"], left["access_format"]) == (
        alone["access_url"],
        alone["access_format"],
    )
    red.unlink()
    assert archive.ingest(toml).vanished == 1
    assert archive.rows(_FOUND, "arms") == []


def test_a_file_may_become_a_part_and_a_dataset_again(archive: Archive) -> None:
    plain = archive.toml("turns")
    for name in ("a_sci.fits", "a_wht.fits"):
        write_image(archive.folder / "data" / name)
    archive.ingest(plain)
    before = archive.rows(_FOUND, "turns")
    assert len(before) == 2
    lines = ("[[relations]]", 'semantics = "#weight"', 'of = "{key}_sci.fits"')
    joined = archive.toml("turns", *lines, 'files = "{key}_wht.fits"')
    archive.ingest(joined)
    assert [row["obs_id"] for row in archive.rows(_FOUND, "turns")] == ["turns/a_sci"]
    held = archive.rows(_HELD, "turns")
    assert [(row["semantics"], row["did"].rpartition("/")[2]) for row in held] == [
        ("#this", "a_sci.fits"),
        ("#weight", "a_sci.fits"),
    ]
    archive.ingest(archive.toml("turns"))
    assert archive.rows(_FOUND, "turns") == before
    assert {row["semantics"] for row in archive.rows(_HELD, "turns")} == {"#this"}


def test_datasets_are_linked_both_ways_and_may_share(archive: Archive) -> None:
    toml = archive.toml(
        "nights",
        *("[[relations]]", 'semantics = "#progenitor"', 'of = "red/{key}.fits"'),
        *('files = "raw/{key}.fits"', 'description = "Raw frame"'),
        *("[[relations]]", 'semantics = "#flat"', 'of = "raw/*"', 'files = "raw/cal/flat.fits"'),
        *("[[relations]]", 'semantics = "#documentation"', 'of = "red/*"'),
        'files = "README.txt"'.replace("README", "{dir}README"),
    )
    data = archive.folder / "data"
    for name in ("red/a.fits", "red/b.fits", "raw/a.fits", "raw/b.fits", "raw/cal/flat.fits"):
        write_image(data / name)
    (data / "red" / "README.txt").write_text("read me")
    for _ in range(2):
        archive.ingest(toml)
        linked = [tuple(row) for row in archive.rows(_LINKED, "nights")]
        assert linked == [
            ("nights/raw/a", "red/a.fits", "#derivation", None, None),
            ("nights/raw/b", "red/b.fits", "#derivation", None, None),
            ("nights/red/b", "red/README.txt", "#documentation", None, None),
            ("nights/raw/a", "raw/cal/flat.fits", "#flat", None, None),
            ("nights/raw/b", "raw/cal/flat.fits", "#flat", None, None),
            ("nights/red/a", "raw/a.fits", "#progenitor", None, "Raw frame"),
            ("nights/red/b", "raw/b.fits", "#progenitor", None, "Raw frame"),
        ]
    assert len(archive.rows(_FOUND, "nights")) == 5
    assert archive.rows(_HELD, "nights")[-3]["media_type"] == "text/plain"


def test_parts_of_what_was_refused_are_refused(archive: Archive) -> None:
    toml = archive.toml("orphans", *_PREVIEW)
    (archive.folder / "data" / "plots").mkdir()
    (archive.folder / "data" / "plots" / "a.png").write_bytes(b"png")
    bad = archive.folder / "data" / "a.fits"
    bad.write_bytes(b"no")
    report = archive.ingest(toml)
    did = f"{AUTHORITY}?orphans/a.fits"
    assert report.refused["plots/a.png"] == f"it is part of {did}, which was not taken in"
    write_spectrum(bad)
    assert archive.ingest(toml).refused == {}
    assert len(archive.rows(_HELD, "orphans")) == 2
