"""Publishing again, taking away, and what others see meanwhile."""

import asyncio
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from astropy.table import Table

from service.errors import NotFound, Unavailable, UsageError
from tests.conftest import ROOT, STARHAUL, run
from tests.publish.conftest import Publisher
from tests.publish.large import write


def _table(path: Path, rows: int, name: str = "mag") -> Path:
    table = Table({"ra": [float(i) for i in range(rows)], "dec": [0.0] * rows, name: range(rows)})
    table["ra"].unit = table["dec"].unit = "deg"
    table.write(path, format="votable", overwrite=True)
    return path


def test_again_replaces_all_of_it(publisher: Publisher, tmp_path: Path) -> None:
    assert not publisher.publish(_table(tmp_path / "t.vot", 5), "again.stars").replaced
    report = publisher.publish(_table(tmp_path / "t.vot", 3, "flux"), "AGAIN.Stars")
    assert (report.name, report.replaced, report.rows) == ("again.stars", True, 3)
    columns = publisher.rows(
        "SELECT column_name FROM tap_schema.columns WHERE table_name = 'again.stars' "
        "ORDER BY column_index"
    )
    assert [row["column_name"] for row in columns] == ["ra", "dec", "flux"]
    assert publisher.rows("SELECT count(*) AS n FROM again.stars")[0]["n"] == 3
    relations = publisher.rows(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE nspname = 'again' AND relkind = 'r'"
    )
    assert [row["relname"] for row in relations] == ["stars"]


def test_a_table_without_rows(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ra,dec,name\n")
    assert publisher.publish(tmp_path / "t.csv", "empty.stars").rows == 0
    assert publisher.rows("SELECT count(*) AS n FROM empty.stars")[0]["n"] == 0


def test_rows_lie_in_the_order_of_the_sky(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(write(tmp_path / "t.fits", 5_000), "sorted.stars")
    rows = publisher.rows("SELECT hpx, hcell FROM sorted.stars ORDER BY ctid")
    pixels = [row["hpx"] for row in rows]
    assert pixels == sorted(pixels)
    assert all(row["hcell"] == row["hpx"] >> 52 for row in rows)


def test_unpublish_leaves_nothing(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(_table(tmp_path / "t.vot", 5), "gone.stars")
    assert publisher.unpublish("Gone.Stars") == []
    for table in ("tables", "columns", "schemas"):
        column = "schema_name" if table == "schemas" else "table_name"
        assert not publisher.rows(f"SELECT 1 FROM tap_schema.{table} WHERE {column} LIKE 'gone%'")
    assert not publisher.rows("SELECT 1 FROM archive.published WHERE table_name LIKE 'gone%'")
    assert not publisher.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'gone'")
    with pytest.raises(NotFound, match=r"no table gone.stars was published"):
        publisher.unpublish("gone.stars")


@pytest.mark.parametrize("name", ["ivoa.obscore", "tap_schema.tables"])
def test_tables_of_the_archive_are_left_alone(publisher: Publisher, name: str) -> None:
    with pytest.raises(UsageError, match="belongs to the archive itself"):
        publisher.unpublish(name)


def test_a_table_of_others_is_not_replaced(publisher: Publisher, tmp_path: Path) -> None:
    async def create() -> None:
        connection = await asyncpg.connect(publisher.url)
        await connection.execute("CREATE SCHEMA theirs; CREATE TABLE theirs.stars (a integer)")
        await connection.close()

    run(create())
    with pytest.raises(UsageError, match="no part of the archive"):
        publisher.publish(_table(tmp_path / "t.vot", 5), "theirs.stars")
    assert publisher.rows("SELECT count(*) AS n FROM theirs.stars")[0]["n"] == 0


def test_keys_are_kept_while_their_columns_are(publisher: Publisher, tmp_path: Path) -> None:
    parent = _table(tmp_path / "parent.vot", 5)
    child = _table(tmp_path / "child.vot", 5)
    child.with_name("child.vot.toml").write_text(
        '[[keys]]\ncolumns = ["mag"]\nto = "keys.parent"\nto_columns = ["mag"]\n'
    )
    publisher.publish(parent, "keys.parent")
    publisher.publish(child, "keys.child")
    publisher.publish(parent, "keys.parent")
    query = "SELECT from_table, target_table FROM tap_schema.keys WHERE from_table LIKE 'keys.%'"
    assert [tuple(row) for row in publisher.rows(query)] == [("keys.child", "keys.parent")]
    report = publisher.publish(_table(parent, 5, "flux"), "keys.parent")
    assert "keys.child referred to a column that is gone" in report.notes[0]
    assert publisher.rows(query) == []
    publisher.publish(_table(parent, 5), "keys.parent")
    publisher.publish(child, "keys.child")
    assert publisher.unpublish("keys.parent") == ["keys.child"]


def test_the_old_table_answers_until_the_new_one_does(publisher: Publisher, tmp_path: Path) -> None:
    """A query that reads the old table is waited for, and new ones are not kept waiting."""
    publisher.publish(_table(tmp_path / "t.vot", 5), "swap.stars")
    done = threading.Event()

    async def read() -> list[int]:
        reader = await asyncpg.connect(publisher.url)
        other = await asyncpg.connect(publisher.url)
        counts = []
        async with reader.transaction():
            await reader.fetch("SELECT * FROM swap.stars")
            thread = threading.Thread(target=again)
            thread.start()
            for _ in range(10):
                counts.append(await other.fetchval("SELECT count(*) FROM swap.stars", timeout=20))
                await asyncio.sleep(0.1)
            assert not done.is_set()
        thread.join(30)
        counts.append(await other.fetchval("SELECT count(*) FROM swap.stars"))
        await reader.close()
        await other.close()
        return counts

    def again() -> None:
        publisher.publish(_table(tmp_path / "u.vot", 7), "swap.stars")
        done.set()

    counts = run(read())
    assert counts == [5] * 10 + [7]


def test_a_killed_run_changes_nothing(publisher: Publisher, tmp_path: Path) -> None:
    """kill -9 in the middle of the rows: the old table stays, nothing else does."""
    publisher.publish(_table(tmp_path / "t.vot", 5), "killed.stars")
    large = write(tmp_path / "large.csv", 400_000)
    environment = {**os.environ, "STARHAUL_DATABASE_URL": publisher.url, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*STARHAUL, "publish", str(large), "--as", "killed.stars"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _wait_for_copy(publisher)
        process.send_signal(signal.SIGKILL)
    _wait_for_end(publisher)
    columns = publisher.rows(
        "SELECT column_name FROM tap_schema.columns WHERE table_name = 'killed.stars'"
    )
    assert {row["column_name"] for row in columns} == {"ra", "dec", "mag"}
    assert publisher.rows("SELECT count(*) AS n FROM killed.stars")[0]["n"] == 5
    left = publisher.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' "
        "AND (relname LIKE '%~new' OR relname = 'starhaul_incoming')"
    )
    assert left == []
    assert publisher.publish(_table(tmp_path / "u.vot", 7), "killed.stars").rows == 7


def test_a_database_that_goes_away(publisher: Publisher, tmp_path: Path) -> None:
    large = write(tmp_path / "large.csv", 400_000)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(publisher.publish, large, "outage.stars")
        _wait_for_copy(publisher)
        publisher.rows(f"SELECT pg_terminate_backend(pid) FROM ({_COPYING}) AS c")
        with pytest.raises(Unavailable, match="nothing was changed"):
            running.result(60)
    assert not publisher.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'outage'")


def test_one_run_at_a_time_on_a_table(publisher: Publisher, tmp_path: Path) -> None:
    path = _table(tmp_path / "t.vot", 5)
    large = write(tmp_path / "large.csv", 400_000)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(publisher.publish, large, "busy.stars")
        _wait_for_copy(publisher)
        for work in (
            lambda: publisher.publish(path, "Busy.Stars"),
            lambda: publisher.unpublish("busy.stars"),
        ):
            with pytest.raises(UsageError, match="another run is at work"):
                work()
        assert running.result(60).rows == 400_000


_COPYING = (
    "SELECT pid FROM pg_stat_progress_copy WHERE tuples_processed > 10000 "
    "AND datname = current_database()"
)


def _wait_for_copy(publisher: Publisher) -> None:
    deadline = time.monotonic() + 60
    while not publisher.rows(_COPYING):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _wait_for_end(publisher: Publisher) -> None:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'starhaul-publish'"
    deadline = time.monotonic() + 60
    while publisher.rows(query):
        assert time.monotonic() < deadline
        time.sleep(0.05)
