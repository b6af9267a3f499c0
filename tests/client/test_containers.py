"""Members read from the front, against the tars and zips that Python's own modules write."""

import io
import tarfile
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starhaul_client.containers import Broken, Member, Source, reader_of

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0/", exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=120,
).map(lambda name: f"bag/{name}")
FILES = st.dictionaries(NAMES, st.binary(max_size=2000), max_size=6)


def as_tar(files: dict[str, bytes]) -> bytes:
    """A pax tar."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_700_000_000
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def as_zip(files: dict[str, bytes]) -> bytes:
    """A zip of stored members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 12, 0, 2)), content)
    return made.getvalue()


def source_of(content: bytes) -> Source:
    """A part that comes a few hundred bytes at a time."""
    return Source(lambda first, limit: content[first : first + min(limit, 300)], len(content))


def read_all(name: str, content: bytes) -> tuple[list[Member], dict[str, bytes]]:
    """All members of a part, and their bytes."""
    source, next_member = source_of(content), reader_of(name)
    members, files = [], {}
    while (member := next_member(source)) is not None:
        members.append(member)
        files[member.path] = source.take(member.size)
        source.pass_zeros(member.end)
    assert source.position == len(content)
    return members, files


@pytest.mark.parametrize(("name", "write"), [("a.tar", as_tar), ("a.zip", as_zip)])
@given(files=FILES)
def test_members_are_what_was_written(
    name: str, write: Callable[[dict[str, bytes]], bytes], files: dict[str, bytes]
) -> None:
    content = write(files)
    members, found = read_all(name, content)
    assert found == files
    for member in members:
        assert content[member.offset : member.offset + member.size] == files[member.path]


def test_dates_and_sizes_beyond_eight_gibibytes() -> None:
    info = tarfile.TarInfo("bag/large")
    info.size, info.mtime = 9 << 30, 1_700_000_000
    header = info.tobuf(tarfile.PAX_FORMAT)
    member = reader_of("a.tar")(Source(lambda f, n: header[f : f + n], len(header) + info.size))
    assert member is not None
    assert (member.size, member.mtime) == (9 << 30, 1_700_000_000)
    (found,), _ = read_all("a.zip", as_zip({"bag/x": b"1"}))
    assert found.mtime == 1_795_262_402


def links() -> bytes:
    """A tar that would write outside of its directory."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("bag/link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(info)
    return made.getvalue()


def deflated() -> bytes:
    """A zip of a compressed member."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bag/x", b"x" * 1000)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.tar", links(), "neither a file nor a directory"),
        ("a.tar", as_tar({"bag/x": b"1" * 600})[:700], "ends in the middle"),
        ("a.tar", b"<html>login" * 100, "no tar header"),
        ("a.tar", as_tar({"bag/x": b"1"})[:600].ljust(1024, b"1"), "not zero"),
        ("a.zip", deflated(), "compressed"),
        ("a.zip", b"<html>login" * 100, "no zip header"),
    ],
)
def test_what_no_part_has_is_refused(name: str, content: bytes, words: str) -> None:
    with pytest.raises(Broken, match=words):
        read_all(name, content)
