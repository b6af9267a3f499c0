"""An API over demo.stars, a published table whose names are as odd as they may be, and datasets."""

from collections.abc import Iterator

import asyncpg
import httpx
import numpy as np
import pytest
from astropy.table import Table

from tests.conftest import TestDatabase, run
from tests.publish.conftest import Publisher
from tests.serving import Service, service, service_environment, stars

__all__ = ["service", "service_environment", "stars"]

ODD = 'odd."ta/ble <b>.json ü"'
ODD_COLUMNS = ("id", '"<script>alert(1)</script>"', '"a/b"', '"say ""hi"""', '"Größe"', '"a.json"')
_WORDS = f"""
title = "The <em>odd</em> one"
description = "Names with <script>alert(2)</script> & \\"quotes\\""
[columns.id]
ucd = "meta.id;meta.main"
[columns."Größe"]
unit = "mag"
ucd = "phot.mag"
description = "How bright <b>it</b> is"
[[keys]]
columns = ["id"]
to = "demo.stars"
to_columns = ["id"]
description = "The star & its <i>name</i>"
[[examples]]
title = "All <b>odd</b> ones"
description = "Nothing is left out & nothing is added."
query = '''SELECT * FROM {ODD}'''
"""
_DATASET = """
    INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id,
        obs_publisher_did, target_name, s_ra, s_dec, readable_by)
    VALUES ($1, 2, 'c', $2, 'ivo://test/x?' || $2, $2, $3, -60, $4)
"""


async def _datasets(url: str) -> None:
    """One dataset that everybody may see, at 20 degrees, and one for insiders, at 200."""
    connection = await asyncpg.connect(url)
    try:
        key = await connection.fetchval(
            "INSERT INTO archive.collection (name, root, config) VALUES ('c', '/x', '{}') "
            "RETURNING id"
        )
        await connection.execute(_DATASET, key, "seen-by-all", 20.0, None)
        await connection.execute(_DATASET, key, "kept-secret", 200.0, ["insider"])
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def client(
    service: Service, database: TestDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A browser without scripts."""
    number = np.arange(1, 8)
    table = Table(
        {
            "id": number,
            "<script>alert(1)</script>": [f"<img src=x onerror=alert({i})>" for i in number],
            "a/b": [f"https://example.org/?a={i}&b=<{i}" if i > 1 else "" for i in number],
            'say "hi"': np.arange(7 * 9).reshape(7, 9),
            "Größe": number / 3,
            "a.json": ["x" * 100] * 7,
        }
    )
    path = tmp_path_factory.mktemp("odd") / "odd.ecsv"
    table.write(path, format="ascii.ecsv")
    path.with_name("odd.ecsv.toml").write_text(_WORDS, encoding="utf-8")
    Publisher(database.url).publish(path, ODD)
    run(_datasets(database.url))
    with httpx.Client(base_url=service.url, headers={"Accept": "text/html"}) as found:
        yield found
