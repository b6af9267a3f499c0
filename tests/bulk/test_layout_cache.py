"""Layouts kept below a size, and built once however many ask."""

import asyncio
import os
from pathlib import Path

from service.bulk.layout import Layout, read_layout
from service.bulk.layout_cache import LayoutCache
from service.bulk.part import Part
from service.bulk.pruning import prune
from service.storage.ranges import Span
from service.storage.store import store_of
from tests.bulk.packages import ROOT_ID, arrange, make_store


def _layouts(tmp_path: Path, count: int) -> tuple[Path, list[Layout]]:
    """A cache of layouts, each last used a day after the one before."""
    cache, root = tmp_path / "cache", tmp_path / "store"
    make_store(root, [("a.fits", b"spectrum"), ("b.fits", b"image")])
    layouts = [arrange(root, cache / str(n), ["a.fits", "b.fits"], 2**20) for n in range(count)]
    for n in range(count):
        os.utime(cache / str(n), (86400 * n, 86400 * n))
    return cache, layouts


def _names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_those_unused_for_longest_go_first_and_readers_keep_what_they_have(tmp_path: Path) -> None:
    cache, layouts = _layouts(tmp_path, 4)
    octets = sum(file.stat().st_size for file in (cache / "0").iterdir())
    part = Part(layouts[1], 1, {ROOT_ID: store_of(str(tmp_path / "store"))})
    before = b"".join(part.buffers(Span(0, part.plan.size)))
    prune(cache, 4 * octets, "0")
    assert _names(cache) == ["0", "1", "2", "3"]
    prune(cache, 2 * octets, "0")
    assert _names(cache) == ["0", "3"]
    assert b"".join(part.buffers(Span(0, part.plan.size))) == before
    prune(cache, 0, "3")
    assert _names(cache) == ["3"]


def test_what_killed_processes_left_behind_goes(tmp_path: Path) -> None:
    cache, _ = _layouts(tmp_path, 1)
    for name in ("new-old", "old-old", "new-young"):
        (cache / name).mkdir()
        (cache / name / "copied.bin").write_bytes(b"half")
    for name in ("new-old", "old-old"):
        os.utime(cache / name, (0, 0))
    prune(cache, 2**30, "0")
    assert _names(cache) == ["0", "new-young"]


def test_a_layout_is_built_once_however_many_ask_and_again_when_it_was_removed(
    tmp_path: Path,
) -> None:
    directory, _ = _layouts(tmp_path, 1)
    kept = tmp_path / "kept"
    (directory / "0").rename(kept)
    cache, built = LayoutCache(directory), []

    async def build() -> Layout:
        built.append(1)
        await asyncio.sleep(0.01)
        (directory / "0").symlink_to(kept)
        return read_layout(directory / "0")

    async def ask(times: int) -> None:
        await asyncio.gather(*(cache.get("0", build) for _ in range(times)))

    asyncio.run(ask(20))
    assert len(built) == 1
    (directory / "0").unlink()
    cache = LayoutCache(directory)
    asyncio.run(ask(20))
    assert len(built) == 2
