"""Lists of links: of one dataset, of 1,000 and of 5,000 of 267,487, over a connection that stays
open; identifiers are spread over the whole archive, other ones in each request.

Figure: 1,000 identifiers within 300 ms.

    python -m bench.datalink [--small]
"""

import asyncio
import itertools
from collections.abc import Callable
from functools import partial

import asyncpg
import httpx

from bench._archive import is_small, running_archive
from bench._measuring import cpu_seconds, median_ms

_DID = "ivo://x-unregistered/starhaul?BENCH/"
_REACH_MS = {1_000: 300}
_MADE = (
    "INSERT INTO archive.collection (name, root, config) VALUES ('BENCH', '/', '{}')",
    """INSERT INTO archive.dataset (collection_id, dataproduct_type, calib_level, obs_collection,
           obs_id, obs_publisher_did, obs_title)
       SELECT collection.id, 'spectrum', 2, 'BENCH', n, 'DID' || n, 'Spectrum ' || n
       FROM archive.collection, generate_series(1, ROWS) AS n""",
    # Every tenth has a preview beside its file; the others' are drawn, and all are converted.
    """INSERT INTO archive.holding (collection_id, dataset_id, path, semantics, media_type, size,
           mtime_ns, ctime_ns, inode, sha256, crc32, reader)
       SELECT collection_id, id, 'HARPS/' || obs_id || semantics, semantics, 'application/fits',
           5000000, 0, 0, 0, sha256(obs_id::bytea), 0, 'sdss'
       FROM archive.dataset, unnest(ARRAY['#this', '#preview']) AS semantics
       WHERE semantics = '#this' OR obs_id::int % 10 = 0""",
    "VACUUM ANALYZE archive.dataset",
    "VACUUM ANALYZE archive.holding",
)


async def _publish(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url)
    for statement in _MADE:
        await connection.execute(statement.replace("ROWS", str(rows)).replace("DID", _DID))
    await connection.close()


def _again(ask: Callable[[int], bytes], ids: int, _number: int) -> None:
    ask(ids)


def main() -> None:
    """Ask, print."""
    rows = 20_000 if is_small(__doc__) else 267_487
    with running_archive(1_000) as archive, httpx.Client(timeout=60) as client:
        asyncio.run(_publish(archive.database_url, rows))
        numbers = itertools.count(1)

        def ask(ids: int) -> bytes:
            asked = [f"{_DID}{next(numbers) * 7_919 % rows + 1}" for _ in range(ids)]
            answer = client.post(f"{archive.url}/datalink/links", data={"ID": asked})
            return answer.raise_for_status().content

        print(f"median of 15 requests, {rows:,} datasets")
        for ids in (1, 1_000, 5_000):
            size = len(ask(ids))
            before = cpu_seconds(archive.api)
            median = median_ms(partial(_again, ask, ids), 15)
            cpu = (cpu_seconds(archive.api) - before) / 15 * 1e3
            reach = f" (reach: {_REACH_MS[ids]})" if ids in _REACH_MS else ""
            print(
                f"{ids:>5,} identifiers  {median:7.1f} ms{reach}, API {cpu:.1f} ms CPU, "
                f"{size / 1e6:.2f} MB"
            )


if __name__ == "__main__":
    main()
