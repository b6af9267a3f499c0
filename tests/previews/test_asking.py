"""/previews/{file id}: drawn once on first ask, kept, and said in words where it cannot be."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import create_async_engine

from schema.url import async_url
from service.access import tokens
from tests.conftest import run
from tests.previews.conftest import CLOSED, Gallery
from tests.previews.files import HIGH, SLOW, WIDE, image_bytes, sky


def _picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def _brightest(drawn: Image.Image) -> tuple[float, float]:
    """Where, as parts of the sides from the lower left."""
    grey = np.asarray(drawn.convert("L"), dtype=float)
    y, x = np.nonzero(grey == grey.max())
    return float(x.mean() / grey.shape[1]), float(1 - y.mean() / grey.shape[0])


def test_an_image_is_drawn_when_it_is_first_asked_for(gallery: Gallery) -> None:
    answer = gallery.get("star.fits")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert int(answer.headers["content-length"]) == len(answer.content)
    drawn = _picture(answer.content)
    assert max(drawn.size) == 512
    assert drawn.size[0] / drawn.size[1] == pytest.approx(WIDE / HIGH, rel=0.01)
    x, y = _brightest(drawn)
    assert (x, y) == (pytest.approx(40 / WIDE, abs=0.02), pytest.approx(160 / HIGH, abs=0.02))
    assert np.asarray(drawn).std() > 10


def test_what_is_kept_is_sent_as_any_file(gallery: Gallery) -> None:
    first = gallery.get("star.fits")
    url, etag = gallery.url("star.fits"), first.headers["etag"]
    assert etag.startswith('"')
    assert first.headers["cache-control"] == "public, max-age=3600, no-transform"
    assert first.headers["content-disposition"] == 'inline; filename="star.png"'
    modified = datetime.strptime(first.headers["last-modified"], "%a, %d %b %Y %H:%M:%S GMT")
    assert abs((datetime.now(UTC) - modified.replace(tzinfo=UTC)).total_seconds()) < 600
    again = gallery.client.get(url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    head = gallery.client.head(url)
    assert head.headers["content-length"] == first.headers["content-length"]
    part = gallery.client.get(url, headers={"Range": "bytes=1-3", "If-Range": etag})
    assert (part.status_code, part.content) == (206, b"PNG")
    assert len(gallery.jobs("star.fits")) == 1


def test_a_small_one(gallery: Gallery) -> None:
    large, small = gallery.get("star.fits", SIZE="512"), gallery.get("star.fits", size="128")
    assert _picture(small.content).size == (128, 85)
    assert small.headers["etag"] != large.headers["etag"]
    refused = gallery.get("star.fits", SIZE="64")
    assert (refused.status_code, "512 or 128" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("path", "size", "star"),
    [("packed.fits.gz", (500, 500), (0.2, 0.3)), ("tiled.fits", (512, 128), (0.75, 0.2))],
)
def test_files_that_are_packed(
    gallery: Gallery, path: str, size: tuple[int, int], star: tuple[float, float]
) -> None:
    drawn = _picture(gallery.get(path).content)
    assert drawn.size == size
    assert _brightest(drawn) == (pytest.approx(star[0], abs=0.02), pytest.approx(star[1], abs=0.02))


def test_an_image_of_equal_pixels_is_grey(gallery: Gallery) -> None:
    assert _picture(gallery.get("flat.fits").content).getextrema() == (128, 128)


def test_a_light_curve_is_a_plot_with_axes(gallery: Gallery) -> None:
    answer = gallery.get("curve.fits", "svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    root = ElementTree.fromstring(answer.content)
    said = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    # The publisher's card says minutes; the file's own says days.
    assert {"Time (min)", "FLUX (e-/s)", "100", "130", "1000"} <= set(said)
    assert "500 points" in str(root.findtext("{http://www.w3.org/2000/svg}title"))
    (dots,) = root.iterfind(".//{*}path[@class='dots']")
    assert str(dots.get("d")).count("M") == 490  # flagged points are left out
    assert len(gallery.get("curve.fits", "svg", SIZE="128").content) < len(answer.content)


@pytest.mark.parametrize(("path", "extension", "right"), [("star.fits", "svg", "png")])
def test_the_name_of_the_other_kind_leads_on(
    gallery: Gallery, path: str, extension: str, right: str
) -> None:
    answer = gallery.get(path, extension)
    assert answer.status_code == 404
    assert f"/previews/{gallery.number(path)}.{right}" in answer.json()["detail"]


@pytest.mark.parametrize("number", ["0", "x", "-1", "99999999999999999999", "1%00"])
def test_no_such_file(gallery: Gallery, number: str) -> None:
    answer = gallery.client.get(f"{gallery.service.url}/previews/{number}.png")
    assert answer.status_code == 404
    assert "there is no" in answer.json()["detail"]


def test_many_first_asks_make_one_drawing(gallery: Gallery) -> None:
    url = gallery.url("once.fits")
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: gallery.client.get(url), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert gallery.jobs("once.fits") == ["COMPLETED"]


def test_who_asks_for_too_many_is_told_to_wait(gallery: Gallery) -> None:
    gallery.fetch(
        "INSERT INTO uws.job (id, room, queue, client, phase, parameters, execution_duration, "
        "destruction, dispatched, lease_expires) "
        "SELECT md5(n::text), 'preview', 'preview', '127.0.0.1', 'EXECUTING', '{}', 60, "
        "now() + interval '1 day', now(), now() + interval '1 day' FROM generate_series(1, 200) n"
    )
    try:
        refused = gallery.get("crowded.fits")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
    finally:
        gallery.fetch("DELETE FROM uws.job WHERE parameters = '{}'")
    assert gallery.get("crowded.fits").status_code == 200


@pytest.mark.parametrize(
    ("path", "reason"),
    [("blank.fits", "no pixel of it has a value"), ("broken.fits", "cannot be read")],
)
def test_what_cannot_be_drawn_is_said_and_remembered(
    gallery: Gallery, path: str, reason: str
) -> None:
    for _ in range(2):
        answer = gallery.get(path)
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith(f"there is no preview of {path}: ")
        assert reason in answer.json()["detail"]
        assert str(gallery.folder) not in answer.text
    assert gallery.jobs(path) == ["COMPLETED"]


def test_what_one_may_not_read_one_may_not_see(gallery: Gallery) -> None:
    refused = gallery.get(CLOSED)
    assert refused.status_code == 404
    assert refused.json()["detail"] == (
        f"there is no file {gallery.number(CLOSED)}, or you may not read it"
    )

    async def token() -> str:
        engine = create_async_engine(async_url(gallery.service.database_url))
        async with engine.begin() as connection:
            made = await tokens.make(connection, "ada", None)
        await engine.dispose()
        return made

    bearer = {"Authorization": f"Bearer {run(token())}"}
    answer = gallery.client.get(gallery.url(CLOSED), headers=bearer)
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("private")
    assert gallery.get(CLOSED).status_code == 404


def test_a_file_that_was_changed_is_not_drawn_until_it_is_as_it_was(gallery: Gallery) -> None:
    path = gallery.folder / "damaged.fits"
    content, stat = path.read_bytes(), path.stat()
    path.write_bytes(image_bytes(sky(64, 64, (1, 1)), OBJECT="another"))
    try:
        answer = gallery.get("damaged.fits")
        assert answer.status_code == 404
        assert "is not the one that was ingested" in answer.json()["detail"]
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert gallery.get("damaged.fits").status_code == 404
    gallery.fetch("UPDATE archive.preview SET retry = now() - interval '1 s' WHERE retry > now()")
    assert gallery.get("damaged.fits").status_code == 200


def test_a_changed_file_that_is_ingested_again_is_drawn_again(gallery: Gallery) -> None:
    before = gallery.get("changing.fits")
    (gallery.folder / "changing.fits").write_bytes(image_bytes(sky(64, 64, (50, 50))))
    gallery.ingest()
    after = gallery.get("changing.fits")
    assert before.headers["etag"] != after.headers["etag"]
    assert _brightest(_picture(before.content))[0] < 0.3
    assert _brightest(_picture(after.content))[0] > 0.7


def test_what_was_removed_from_the_work_store_is_drawn_again(gallery: Gallery) -> None:
    first = gallery.get("star.fits")
    kept = list(Path(gallery.environment["STARHAUL_HOME_DIR"]).rglob("previews/*/*/512"))
    assert kept
    for each in kept:
        each.unlink()
    again = gallery.get("star.fits")
    assert (again.status_code, again.content) == (200, first.content)


def test_a_killed_worker_leaves_nothing_undone(gallery: Gallery) -> None:
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(gallery.get, SLOW)
        deadline = time.monotonic() + 60
        while gallery.jobs(SLOW) != ["EXECUTING"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        gallery.kill_worker()
        assert gallery.jobs(SLOW) == ["EXECUTING"]
        # What time would do: the lease ends, and the call that was sent is an old one.
        gallery.fetch(
            "UPDATE uws.job SET lease_expires = now(), dispatched = now() - interval '1 min' "
            "WHERE room = 'preview' AND phase = 'EXECUTING'"
        )
        gallery.start_worker()
        answer = asked.result()
    deadline = time.monotonic() + 100
    while answer.status_code == 503 and time.monotonic() < deadline:
        assert int(answer.headers["retry-after"]) > 0
        answer = gallery.get(SLOW)
    assert answer.status_code == 200
    assert gallery.jobs(SLOW) == ["COMPLETED"]
    ((attempts,),) = gallery.fetch(
        "SELECT attempt FROM uws.job WHERE room = 'preview' ORDER BY created DESC LIMIT 1"
    )
    assert attempts == 2
