"""Tables of positions at /soda/async: what is matched, cut, packed and told."""

import hashlib
import os
import subprocess
from pathlib import Path

import bagit
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from tests.buckets import BucketServer, bucket_server
from tests.conftest import CI
from tests.haul import Haul
from tests.pairing.conftest import (
    DEC,
    DID,
    RA,
    TILES,
    Cutter,
    Paired,
    ingest,
    middle,
    name_of,
    pixels_of,
    restart_with,
    table_of,
    wcs_of,
)

__all__ = ["bucket_server"]
REAL = ("sdss/*.fits*" if CI else "sdss/frame-r*", "panstarrs/*", "first/*")
ROWS = 5_000 if CI else 2_000


def test_every_row_is_cut_packed_and_told(cutter: Cutter, tmp_path: Path) -> None:
    """Each match of a row is a product with the tile's own pixels; no row is without a word."""
    rows = [(f"star {n}", middle(n % TILES), DEC) for n in range(4)]
    rows += [("far away", 10.0, -40.0), ("nowhere", 150.0, 91.0), ("edge", RA + 0.011, DEC)]
    paired = cutter.cut("id ra dec", rows, SIZE="28px", PART_SIZE="1MiB")
    counts = {n: [each["status"] for each in paired.of(n)] for n in range(1, 8)}
    assert counts == {n: ["ok"] * 3 for n in range(1, 5)} | {
        5: ["no_overlap"],
        6: ["error"],
        7: ["partial"] * 3 + ["ok"] * 3,  # at the edge of one tile, within the next
    }
    assert "no image" in paired.of(5)[0]["error"]
    assert "91" in paired.of(6)[0]["error"]
    assert paired.package is not None
    folder = cutter.unpacked(paired.package, tmp_path)
    assert bagit.Bag(str(folder)).validate()
    (folder.parent / "sums").write_text(
        "".join(
            f"{each['sha256']}  data/{each['path']}\n" for each in paired.statuses if each["path"]
        )
    )
    subprocess.run(["sha256sum", "-c", "--quiet", "../sums"], cwd=folder, check=True)
    for each in paired.of(2):
        tile, band = 1, each["obs_publisher_did"].removesuffix(".fits")[-1]
        with fits.open(folder / "data" / each["path"]) as product:
            assert product[0].data.shape == (28, 28)
            x, y = wcs_of(tile).world_to_pixel_values(middle(tile), DEC)
            column, row = round(float(x)), round(float(y))
            whole = pixels_of(tile, band)
            expected = whole[row - 14 : row + 14, column - 14 : column + 14]
            np.testing.assert_array_equal(product[0].data, expected)


def seen(paired: Paired, row: int) -> list[str]:
    """The files that a row was cut from."""
    return sorted(each["obs_publisher_did"].rpartition("/")[2] for each in paired.of(row))


def test_which_images_of_those_that_hold_a_position(cutter: Cutter) -> None:
    """MATCH and BEST: all, one for each band, the nearest, the deepest, the nearest band."""
    edge, near = (RA + 0.011, DEC), (RA + 0.0095, DEC)  # both lie on tiles 0 and 1
    both = [f"tile{tile:02d}-{band}.fits" for tile in (0, 1) for band in "grz"]
    every = cutter.cut("ra dec", [edge], SIZE="8px")
    assert seen(every, 1) == both
    per_band = cutter.cut("ra dec", [edge, near], SIZE="8px", MATCH="per-band")
    assert seen(per_band, 1) == both[3:]
    assert seen(per_band, 2) == both[:3]
    deepest = cutter.cut("ra dec", [near], SIZE="8px", MATCH="best", BEST="depth")
    assert seen(deepest, 1) == ["tile01-r.fits"]
    reddest = cutter.cut("ra dec", [near], SIZE="8px", MATCH="best", BEST="band", BAND="7e-7 1e-6")
    assert seen(reddest, 1) == ["tile00-z.fits"]


def test_rows_say_more_than_parameters(cutter: Cutter) -> None:
    """Size, band and collection of a row come before SIZE, BAND and COLLECTION; rows without a
    match of theirs say so."""
    rows = [
        (RA, DEC, 9, "r", "TILES"),
        (RA, DEC, "", "g z", ""),
        (RA, DEC, 0.5, "", "NONE"),
        (RA, DEC, 12, "W1", ""),
    ]
    paired = cutter.cut("ra dec size_px band survey", rows, SIZE="4arcsec", BAND="z")
    assert [(each["size_px"], each["band"]) for each in paired.of(1)] == [("9", "r")]
    assert seen(paired, 2) == ["tile00-g.fits", "tile00-z.fits"]
    assert {each["size_px"] for each in paired.of(2)} == {"10"}
    assert [each["status"] for each in paired.of(3)] == ["error"]
    assert "0.5 is no number of pixels" in paired.of(3)[0]["error"]
    assert [each["status"] for each in paired.of(4)] == ["no_overlap"]
    assert "band and collection" in paired.of(4)[0]["error"]


def test_rows_that_name_datasets(cutter: Cutter) -> None:
    """A dataset with a position, one alone, which is cut in its middle, one where the position is
    not, and one that there is not."""
    tile = f"{DID}tile01-g.fits"
    rows = [
        (tile, middle(1), DEC),
        (tile, "", ""),
        (tile, middle(1) + 1, DEC),
        (f"{DID}tile99-g.fits", RA, DEC),
        (tile, "", DEC),
    ]
    paired = cutter.cut("obs_publisher_did ra dec", rows, SIZE="6px")
    statuses = [paired.of(n)[0]["status"] for n in range(1, 6)]
    assert statuses == ["ok", "ok", "no_overlap", "error", "error"]
    assert paired.of(1)[0]["sha256"]
    assert seen(paired, 2) == ["tile01-g.fits"]
    assert abs(float(paired.of(2)[0]["ra"]) - middle(1)) < 1e-6
    assert "tile99" in paired.of(4)[0]["error"]
    assert "half" in paired.of(5)[0]["error"]


def test_products_are_named_by_rows_and_by_naming(cutter: Cutter) -> None:
    """Names are safe and each one product's; a row that is given twice has two products."""
    rows = [("a/b: c", RA, DEC), ("a/b: c", RA, DEC)]
    usual = cutter.cut("id ra dec", rows, SIZE="4px", MATCH="per-band", BAND="g")
    paths = [each["path"] for each in usual.statuses]
    assert paths == ["000000/0000001-a_b_ c-g.fits", "000000/0000002-a_b_ c-g.fits"]
    asked = {"NAMING": "{obs_collection}/{id}.fits", "MATCH": "per-band", "BAND": "g"}
    named = cutter.cut("id ra dec", rows, SIZE="4px", **asked)
    first, second = (each["path"] for each in named.statuses)
    assert first == "TILES/a_b_ c.fits"
    assert second.startswith("TILES/a_b_ c~")


def test_what_cannot_be_asked_is_said_with_its_remedy(cutter: Cutter) -> None:
    """400 with words before a job exists."""
    place = table_of("ra dec", [(RA, DEC)])
    wrong: list[tuple[bytes, dict[str, str], str]] = [
        (table_of("x y", [(1, 2)]), {"SIZE": "4px"}, "the table has x, y"),
        (table_of("raa dec", [(1, 2)]), {"SIZE": "4px"}, "is raa meant to be ra?"),
        (table_of("ra dec size", [(1, 2, 0.5)]), {}, "name it size_px"),
        (place, {}, "SIZE=28px"),
        (place, {"SIZE": "28"}, "28px"),
        (place, {"SIZE": "4px", "MATCH": "perband"}, "did you mean per-band?"),
        (place, {"SIZE": "4px", "BEST": "deep"}, "did you mean depth?"),
        (place, {"SIZE": "4px", "BAND": "q"}, "names of filters"),
        (place, {"SIZE": "4px", "COLLECTION": "TILE"}, "did you mean TILES?"),
        (place, {"SIZE": "4px", "NAMING": "{rwo}.fits"}, "did you mean row?"),
        (place, {"SIZE": "4px", "CIRCLE": "1 2 3"}, "leave CIRCLE out"),
        (place, {"SIZE": "4px", "PACKAGE": "rar"}, "tar"),
    ]
    for table, parameters, words in wrong:
        answer = cutter.send(table, **parameters)
        assert answer.status_code == 400, parameters
        assert answer.text.startswith("UsageError")
        assert words in answer.text


def test_products_go_with_the_job_that_made_them(cutter: Cutter) -> None:
    """A product alone, its package, and 410 for both once the job is deleted."""
    paired = cutter.cut("ra dec", [(RA, DEC)], SIZE="4px", MATCH="best")
    assert paired.package is not None
    client = cutter.haul.client
    page = client.get(paired.package.job, headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 200
    assert "1 file" in page.text
    manifest = client.get(paired.package.results["manifest.csv"]).text.splitlines()
    (address,) = [each for each in manifest[1].split(",") if "/members/" in each]
    product = client.get(address)
    assert hashlib.sha256(product.content).hexdigest() == paired.statuses[0]["sha256"]
    packs = cutter.haul.home / "work" / "soda" / paired.job.rpartition("/")[2]
    assert packs.is_dir()
    assert client.delete(paired.job).status_code == 303
    assert not packs.exists()
    for gone in (address, paired.package.parts[0]):
        answer = client.get(gone)
        assert answer.status_code == 410
        assert "was removed with it" in answer.text
    assert client.get(paired.package.results["result"]).status_code == 200
    repair = client.post(f"{paired.package.job}/repair")
    assert repair.status_code == 400


@pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")
def test_real_images_of_surveys(cutter: Cutter, shared: Path, tmp_path: Path) -> None:
    """Cut around its middle, an image has there the pixel that astropy finds in the whole one."""
    folder = shared / "data" / "images"
    ingest(cutter.haul, str(folder), "REAL", include=REAL)
    query = (
        "SELECT obs_publisher_did, s_ra, s_dec, path FROM archive.dataset JOIN archive.holding "
        "ON holding.id = holding_id WHERE obs_collection = 'REAL' AND dataproduct_type = 'image'"
    )
    images = cutter.haul.fetch(query)
    assert len(images) >= len(REAL)
    rows = [(each["obs_publisher_did"], each["s_ra"], each["s_dec"]) for each in images]
    paired = cutter.cut("obs_publisher_did ra dec", rows, SIZE="9px")
    assert paired.package is not None
    data = cutter.unpacked(paired.package, tmp_path) / "data"
    for number, image in enumerate(images, start=1):
        (status,) = paired.of(number)
        assert status["status"] == "ok", status
        with fits.open(folder / image["path"]) as whole, fits.open(data / status["path"]) as cut:
            hdu = next(each for each in whole if each.data is not None)
            own = next(each for each in cut if each.data is not None)
            inner, outer = WCS(own.header).celestial, WCS(hdu.header).celestial
            asked = inner.world_to_pixel(SkyCoord(image["s_ra"], image["s_dec"], unit="deg"))
            np.testing.assert_allclose([float(value) for value in asked], [4, 4], atol=0.51)
            found = [float(value) for value in outer.world_to_pixel(inner.pixel_to_world(4, 4))]
            column, row = map(round, found)
            np.testing.assert_allclose(found, [column, row], atol=1e-5)
            np.testing.assert_array_equal(own.data[..., 4, 4], hdu.data[..., row, column])


def test_files_that_changed_and_files_that_are_closed(cutter: Cutter) -> None:
    """A file that is not the ingested one is an error of its rows alone; a closed image is as if it
    were not there."""
    haul = cutter.haul
    damaged = haul.home / "tiles" / name_of(2, "z")
    content, before = damaged.read_bytes(), damaged.stat()
    damaged.write_bytes(content + bytes(2880))
    close = "UPDATE archive.dataset SET readable_by = $1 WHERE obs_publisher_did = $2"
    haul.fetch(close, ["somebody"], f"{DID}{name_of(2, 'r')}")
    paired = cutter.cut("ra dec", [(middle(2), DEC)], SIZE="5px")
    haul.fetch(close, None, f"{DID}{name_of(2, 'r')}")
    damaged.write_bytes(content)
    os.utime(damaged, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = {each["obs_publisher_did"].rpartition("/")[2]: each for each in paired.of(1)}
    assert set(found) == {name_of(2, "g"), name_of(2, "z")}
    assert found[name_of(2, "g")]["status"] == "ok"
    assert found[name_of(2, "z")]["status"] == "error"
    assert "not the one that was ingested" in found[name_of(2, "z")]["error"]


def test_a_job_that_waits_for_its_files_can_be_ended(cutter: Cutter) -> None:
    """While a store is away the tasks wait; ABORT ends them, and so does the execution duration."""
    haul, table = cutter.haul, table_of("ra dec", [(middle(n), DEC) for n in range(TILES)])
    tiles = haul.home / "tiles"
    tiles.rename(haul.home / "away")
    aborted = cutter.begin(table, SIZE="12px")
    haul.until(lambda: tasks(haul, aborted) == {"HELD"}, 60)
    assert haul.phase(aborted) == "EXECUTING"
    haul.client.post(f"{aborted}/phase", data={"PHASE": "ABORT"})
    assert haul.phase(aborted) == "ABORTED"
    assert tasks(haul, aborted) == {"ABORTED"}
    overdue = cutter.begin(table, SIZE="12px", PHASE="")
    haul.client.post(f"{overdue}/executionduration", data={"EXECUTIONDURATION": "5"})
    haul.client.post(f"{overdue}/phase", data={"PHASE": "RUN"})
    haul.until(lambda: haul.phase(overdue) == "ABORTED", 100)
    assert "executionduration of 5 s" in haul.client.get(f"{overdue}/error").text
    assert "EXECUTING" not in tasks(haul, overdue)
    (haul.home / "away").rename(tiles)
    haul.client.delete(aborted)
    assert tasks(haul, aborted) == set()


def tasks(haul: Haul, job: str) -> set[str]:
    """The phases of what a job is made of."""
    found = haul.fetch("SELECT phase FROM uws.job WHERE parent = $1", job.rpartition("/")[2])
    return {row["phase"] for row in found}


# Once a task is done, the others that would end wait until `released` has a row.
_HELD = (
    "CREATE TABLE pairing.released ()",
    """CREATE FUNCTION pairing.hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
       BEGIN
           WHILE EXISTS (SELECT FROM pairing.task
                         WHERE pairing_id = NEW.pairing_id AND pack IS NOT NULL)
               AND NOT EXISTS (SELECT FROM pairing.released)
           LOOP PERFORM pg_sleep(0.05); END LOOP;
           RETURN NEW;
       END $$""",
    "CREATE TRIGGER hold BEFORE UPDATE ON pairing.task FOR EACH ROW "
    "EXECUTE FUNCTION pairing.hold()",
)
_RELEASED = "INSERT INTO pairing.released DEFAULT VALUES"
_FREE = ("DROP FUNCTION pairing.hold CASCADE", "DROP TABLE pairing.released")


def test_a_killed_worker_loses_nothing(cutter: Cutter) -> None:
    """kill -9 of the worker and its processes while tasks run; another one goes on."""
    haul, rows = cutter.haul, [(middle(n % TILES), DEC) for n in range(ROWS)]
    for statement in _HELD:
        haul.fetch(statement)
    try:
        job = cutter.begin(table_of("ra dec", rows), SIZE="12px")
        haul.until(lambda: made(haul, job) > 0, 60)
        haul.kill_worker()
        before = made(haul, job)
        assert "EXECUTING" in tasks(haul, job)
    finally:
        haul.fetch(_RELEASED)
    haul.start_worker()
    paired = cutter.wait(job, 150)
    for statement in _FREE:
        haul.fetch(statement)
    assert 0 < before < made(haul, job)
    assert len(paired.statuses) == 3 * ROWS
    assert {each["status"] for each in paired.statuses} == {"ok"}
    assert len({(each["row"], each["obs_publisher_did"]) for each in paired.statuses}) == 3 * ROWS


def made(haul: Haul, job: str) -> int:
    """Tasks of a job that are done."""
    counted = haul.fetch(
        "SELECT count(pack) AS n FROM pairing.task JOIN pairing.pairing ON pairing.id = pairing_id "
        "WHERE job_id = $1",
        job.rpartition("/")[2],
    )
    return int(counted[0]["n"])


def test_images_and_products_in_buckets(
    cutter: Cutter, bucket_server: BucketServer, tmp_path: Path
) -> None:
    """Images of one bucket, packs in another: the same package, which goes with its job."""
    haul = cutter.haul
    for band in "gr":
        content = (haul.home / "tiles" / name_of(0, band)).read_bytes()
        bucket_server.put("objects", f"far/{name_of(0, band)}", content)
    buckets = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    restart_with(haul, buckets | {"STARHAUL_WORK_STORE": "s3://work/paired"})
    ingest(haul, "s3://objects/far", "FAR")
    rows = [(f"s{n}", RA + n / 3600, DEC) for n in range(-5, 6)]
    paired = cutter.cut("id ra dec", rows, SIZE="20px", COLLECTION="FAR")
    assert [each["status"] for each in paired.statuses] == ["ok"] * 22
    assert paired.package is not None
    assert bagit.Bag(str(cutter.unpacked(paired.package, tmp_path))).validate()
    own = f"paired/soda/{paired.job.rpartition('/')[2]}/packs/"
    assert [name for name in bucket_server.names("work") if name.startswith(own)]
    haul.client.delete(paired.job)
    assert not [name for name in bucket_server.names("work") if name.startswith(own)]
    assert haul.client.get(paired.package.parts[0]).status_code == 410
