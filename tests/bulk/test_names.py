"""Names of members: safe and distinct on every file system, whatever the rows hold."""

import asyncio
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from schema.url import async_url
from service.bulk.plan import plan_of
from service.bulk.request import bulk_request
from service.bulk.selection import selecting_for
from service.bulk.statement import freezing
from service.parameters import parameters_of
from tests.conftest import CI, TestDatabase

MOST_BYTES = 200
_DEVICE = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)", re.IGNORECASE
)
# What has broken archives, and what some file system takes for something else.
ODD = (
    *("CON", "nul.txt", "com1", "LPT¹.fits", "aux .x", "..", ".", "...", ". .", "a.", "A", "a "),
    *("", " a", "a~2.fits", "a\uff5e2.fits", "é", "e\u0301", "É", "\ufb01", "fi", "ß", "SS", "ẞ"),
    *("K", "\u212a", "İ", "\u0131", "a/b", "/etc/passwd", "a\\b", "C:\\x", "%2e%2e", "\u202egpj"),
    *("a\u200bb", "\x7f", "a\nb", "\t", "x" * 300, "É" * 200, "X" * 300, "名" * 90 + ".fits"),
    *("a.fits", "A.FITS", "a.fits.gz"),
)
TEXTS = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12),
    st.text("aA.~ éE\u0301/", max_size=4),
)


@dataclass
class Owner:
    """A connection of the owner with an event loop of its own."""

    runner: "asyncio.Runner"
    engine: AsyncEngine

    def safe(self, values: Sequence[str]) -> list[tuple[str, bool]]:
        """The paths as packages have them, and whether they are known to need no change."""

        async def work() -> list[tuple[str, bool]]:
            async with self.engine.connect() as connection:
                found = await connection.execute(
                    text(
                        "SELECT bulk.safe_path(v), bulk.is_safe_path(v) "
                        "FROM unnest(CAST(:values AS text[])) WITH ORDINALITY AS t (v, n) "
                        "ORDER BY n"
                    ),
                    {"values": list(values)},
                )
                return [(row[0], row[1]) for row in found]

        return self.runner.run(work())

    def frozen(
        self, files: Sequence[tuple[str, str]], naming: str | None, asked: Sequence[int]
    ) -> dict[int, str]:
        """Freeze files, given by target and path; names of those asked for, by their index."""

        async def work() -> dict[int, str]:
            async with self.engine.connect() as connection:
                found = await _frozen(connection, files, naming, asked)
                await connection.rollback()
                return found

        return self.runner.run(work())


async def _frozen(
    connection: AsyncConnection,
    files: Sequence[tuple[str, str]],
    naming: str | None,
    asked: Sequence[int],
) -> dict[int, str]:
    pairs = [("ID", "ivo://x/0")] + ([("NAMING", naming)] if naming else [])
    plan = plan_of(bulk_request(parameters_of(pairs)), None)
    await selecting_for(connection, None)
    await connection.execute(text(_FILES))
    targets, paths = map(list, zip(*files, strict=True))
    await connection.execute(text(_FILE), {"targets": targets, "paths": paths})
    await connection.execute(
        text(
            "CREATE TEMPORARY TABLE selection (row bigint GENERATED ALWAYS AS IDENTITY, name text)"
        )
    )
    await connection.execute(
        text("INSERT INTO pg_temp.selection (name) VALUES (:name)"),
        [{"name": f"ivo://x/{number}"} for number in asked],
    )
    statement = freezing(plan, None)
    await connection.execute(text(statement.sql), {**statement.values, "package_id": 1})
    found = await connection.execute(text("SELECT obs_publisher_did, path FROM bulk.member"))
    names = {int(row[0].rpartition("/")[2]): row[1] for row in found}
    await connection.execute(text("DROP TABLE pg_temp.selection"))
    return names


_FILES = """
WITH made AS (
    INSERT INTO archive.collection (id, name, root, config) OVERRIDING SYSTEM VALUE
    VALUES (1, 'GEN', '/', '{}')
), job AS (
    INSERT INTO uws.job (id, room, queue, parameters, execution_duration, destruction)
    VALUES (repeat('0', 32), 'bulk', 'bulk', '{}', 1, now()) RETURNING id
)
INSERT INTO bulk.package (id, job_id, name, part_size, digest) OVERRIDING SYSTEM VALUE
SELECT 1, id, 'p', 1, '' FROM job
"""
_FILE = """
WITH given AS (
    SELECT n - 1 AS n, 'ivo://x/' || (n - 1) AS did, target, path
    FROM unnest(CAST(:targets AS text[]), CAST(:paths AS text[]))
         WITH ORDINALITY AS t (target, path, n)
), made AS (
    INSERT INTO archive.dataset (id, collection_id, calib_level, obs_collection, obs_id,
        obs_publisher_did, target_name) OVERRIDING SYSTEM VALUE
    SELECT n, 1, 2, 'GEN', did, did, target FROM given
)
INSERT INTO archive.holding (id, collection_id, dataset_id, path, media_type, size, mtime_ns,
    ctime_ns, inode, sha256, crc32, reader) OVERRIDING SYSTEM VALUE
SELECT n, 1, n, path, 'application/fits', 1, 1, 1, 1, sha256(did::bytea), 1, 't' FROM given
"""


@pytest.fixture(scope="module")
def owner(database: TestDatabase) -> Iterator[Owner]:
    """The module's database, without any file."""
    with asyncio.Runner() as runner:
        engine = create_async_engine(async_url(database.url))
        yield Owner(runner, engine)
        runner.run(engine.dispose())


def check_path(path: str) -> None:
    """AssertionError where some file system would not take a path, or would take it elsewhere."""
    assert not path.startswith("/")
    for component in path.split("/"):
        assert 0 < len(component.encode()) <= MOST_BYTES
        assert component not in (".", "..")
        assert component == component.rstrip(". ")
        assert not _DEVICE.match(component)
        assert not set(component) & set('<>:"|?*\\%')
        assert not any(unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") for each in component)
        assert unicodedata.is_normalized("NFC", component)


def folded(path: str) -> str:
    """What is the same for names that some file system takes for one."""
    once = unicodedata.normalize("NFKC", path).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def check_distinct(paths: Sequence[str]) -> None:
    """AssertionError where two names are one somewhere, or one is the folder of another."""
    names = [folded(path) for path in paths]
    assert len(set(names)) == len(names)
    folders = {name[: place.start()] for name in names for place in re.finditer("/", name)}
    assert not folders & set(names)


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_any_text_becomes_a_safe_path(owner: Owner, values: list[str]) -> None:
    for value, (path, unchanged) in zip(values, owner.safe(values), strict=True):
        check_path(path)
        assert path == value or not unchanged


@settings(max_examples=150 if CI else 40)
@given(
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8),
    st.sampled_from(("{target_name}.fits", "{target_name}/{filename}", "{path}/{target_name}")),
)
def test_names_of_a_template_are_safe_and_distinct(
    owner: Owner, pairs: list[tuple[str, str]], naming: str
) -> None:
    files = [(target, f"{number}/{path}") for number, (target, path) in enumerate(pairs)]
    everything = range(len(files))
    names = owner.frozen(files, naming, everything)
    for path in names.values():
        check_path(path)
    check_distinct(list(names.values()))
    assert owner.frozen(files, naming, [*reversed(everything), *everything]) == names


@settings(max_examples=150 if CI else 40)
@given(st.lists(TEXTS, min_size=1, max_size=8, unique=True))
def test_paths_of_the_archive_stay_apart(owner: Owner, paths: list[str]) -> None:
    names = owner.frozen([("", path) for path in paths], None, range(len(paths)))
    for path in names.values():
        check_path(path)
    check_distinct(list(names.values()))


def test_a_name_keeps_what_can_stand(owner: Owner) -> None:
    files = [
        ("HD 10700", "night1/ADP.2014-09-16T11:03.fits"),
        ("", "x/b.fits.gz"),
        ("tau Ceti/", "c"),
    ]
    names = owner.frozen(files, "{target_name}/{collection}-{stem}.{extension}", range(3))
    assert names == {
        0: "HD 10700/GEN-ADP.2014-09-16T11_03.fits",
        1: "unknown/GEN-b.fits.gz",
        2: "tau Ceti_/GEN-c.unknown",
    }


def test_new_files_do_not_rename_old_ones(owner: Owner) -> None:
    files = [("a", "1.fits"), ("A", "2.fits"), ("a", "3.fits")]
    before = owner.frozen(files[:2], "{target_name}.fits", range(2))
    after = owner.frozen(files, "{target_name}.fits", [2, 1, 0])
    assert before == {0: "a.fits", 1: "A~1.fits"}
    assert after == before | {2: "a~2.fits"}


def test_a_file_gives_way_to_a_folder(owner: Owner) -> None:
    names = owner.frozen([("", "Night"), ("", "night/a"), ("", "night/a/b")], None, range(3))
    assert names == {0: "GEN/Night~0", 1: "GEN/night/a~1", 2: "GEN/night/a/b"}
