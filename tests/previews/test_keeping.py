"""Previews in a work store that is a bucket, and how what is too much or too old goes.

The worker's part runs in this process.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from service.app import create_app
from service.config import DEFAULT_AUTHORITY, Settings
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest
from service.previews.pruning import prune
from service.uws.jobs import Jobs
from service.uws.run import run_job
from tests.buckets import BucketServer
from tests.previews.files import image_bytes, sky

BUCKET = "work"
PREFIX = "gallery"


@dataclass
class Gallery:
    """The archive in this process."""

    client: httpx.AsyncClient
    jobs: Jobs
    urls: list[str]

    async def row(self, sql: str) -> tuple[object, ...] | None:
        """The first row of a query, or None."""
        async with self.jobs.archive.database.owner.begin() as connection:
            found = (await connection.execute(text(sql))).first()
        return None if found is None else tuple(found)

    async def draw(self, url: str) -> httpx.Response:
        """Ask, and do what a worker does."""
        asked = asyncio.create_task(self.client.get(url))
        waiting = "SELECT id FROM uws.job WHERE phase = 'QUEUED'"
        while not asked.done():
            if job := await self.row(waiting):
                await run_job(self.jobs, str(job[0]))
            await asyncio.sleep(0.01)
        return await asked


@pytest.fixture(scope="module")
async def gallery(
    settings: Settings, bucket_server: BucketServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gallery]:
    """An archive of three images whose work store is a bucket."""
    folder = tmp_path_factory.mktemp("images")
    for number in range(3):
        content = image_bytes(sky(64, 64, (10 * number + 5, 20)))
        (folder / f"{number}.fits").write_bytes(content)
    toml = folder.with_name("images.toml")
    toml.write_text(f'name = "S3"\nroot = "{folder}"\n[defaults]\ncalib_level = 2\n')
    collection, root = load_collection(toml)
    await run_ingest(collection, root, str(settings.database_url), DEFAULT_AUTHORITY, workers=1)
    inside = settings.model_copy(update={"work_store": f"s3://{BUCKET}/{PREFIX}"})
    inside.scratch.mkdir(parents=True, exist_ok=True)
    app = create_app(inside)
    async with LifespanManager(app, startup_timeout=60, shutdown_timeout=60) as manager:
        jobs = cast(Jobs, app.state.jobs)
        transport = httpx.ASGITransport(app=manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
            async with jobs.archive.database.owner.connect() as connection:
                ids = await connection.scalars(text("SELECT id FROM archive.holding ORDER BY path"))
            yield Gallery(client, jobs, [f"/previews/{number}.png" for number in ids])


def _kept(server: BucketServer) -> set[str]:
    return {name for name in server.names(BUCKET) if name.startswith(f"{PREFIX}/previews/")}


async def test_they_lie_in_the_bucket(gallery: Gallery, bucket_server: BucketServer) -> None:
    answer = await gallery.draw(gallery.urls[0])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG")
    names = _kept(bucket_server)
    assert {name.rpartition("/")[2] for name in names} == {"512", "128"}
    again = await gallery.client.get(gallery.urls[0])
    assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])
    assert _kept(bucket_server) == names


async def test_while_the_bucket_is_away_one_is_asked_to_come_again(
    gallery: Gallery, bucket_server: BucketServer
) -> None:
    bucket_server.stop()
    try:
        answer = await gallery.client.get(gallery.urls[0])
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    finally:
        bucket_server.start()
    assert (await gallery.client.get(gallery.urls[0])).status_code == 200


async def test_what_is_too_old_goes(gallery: Gallery, bucket_server: BucketServer) -> None:
    await gallery.draw(gallery.urls[0])
    await gallery.draw(gallery.urls[1])
    assert await prune(gallery.jobs.archive) == 0
    await gallery.row("UPDATE archive.preview SET used = now() - interval '366 days' RETURNING 1")
    await gallery.client.get(gallery.urls[1])  # is used
    assert await prune(gallery.jobs.archive) == 1
    assert len(_kept(bucket_server)) == 2
    assert (await gallery.client.get(gallery.urls[1])).status_code == 200
    assert (await gallery.draw(gallery.urls[0])).status_code == 200


async def test_of_too_much_the_least_used_goes(
    gallery: Gallery, bucket_server: BucketServer
) -> None:
    for url in gallery.urls:
        await gallery.draw(url)
        await gallery.row(
            "UPDATE archive.preview SET used = used - interval '2 minutes' RETURNING 1"
        )
    assert len(_kept(bucket_server)) == 6
    found = await gallery.row("SELECT sum(size)::bigint, min(size) FROM archive.preview")
    assert found is not None
    total, least = map(int, map(str, found))
    archive = gallery.jobs.archive
    archive.settings.preview_bytes = total - least // 2
    try:
        assert await prune(archive) == 1
    finally:
        archive.settings.preview_bytes = Settings.model_fields["preview_bytes"].default
    assert len(_kept(bucket_server)) == 4
    assert (await gallery.client.get(gallery.urls[2])).status_code == 200
    assert (await gallery.draw(gallery.urls[0])).status_code == 200


async def test_a_store_of_files_that_is_away_postpones(gallery: Gallery) -> None:
    found = await gallery.row("SELECT root FROM archive.collection")
    assert found is not None
    root = Path(str(found[0]))
    await gallery.row("DELETE FROM archive.preview RETURNING 1")
    away = root.with_name("unplugged")
    await asyncio.to_thread(root.rename, away)
    try:
        answer = await gallery.draw(gallery.urls[0])
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 5
    finally:
        await asyncio.to_thread(away.rename, root)
    await gallery.row(
        "UPDATE uws.job SET phase = 'QUEUED', dispatched = now() WHERE phase = 'HELD' RETURNING 1"
    )
    assert (await gallery.draw(gallery.urls[0])).status_code == 200
