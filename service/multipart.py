"""multipart/form-data as it streams in: short texts kept, files written where they are wanted.

A part is a file where it has a filename, or a media type that is no plain text (RFC 7578 §4.2,
§4.4): clients leave out one or the other, and STILTS gives its texts a type too.
"""

import asyncio
import hashlib
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import TooLarge, UsageError

# The folder of `Settings.scratch` with what requests bring, until they are answered.
INCOMING = "incoming"
_ABANDONED_S = 24 * 3600
_TEXT_TYPES = (b"", b"text/plain", b"none")
_MOST_PARTS = 1_000_000
_MOST_FILES = 100


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where the files of a request go: a folder, made for the first of them, and the bytes that
    all of them may have together."""

    folder: Path
    most_bytes: int


def file_key(part_name: str) -> str:
    """The name of the file that a part of this name is kept in, whatever characters it has."""
    return hashlib.sha256(part_name.encode()).hexdigest()[:32]


@asynccontextmanager
async def incoming_files(scratch: Path, most_bytes: int) -> AsyncIterator[FilePlace]:
    """A place on this host for the files of one request, emptied at the end of the block."""
    folder = scratch / INCOMING / secrets.token_hex(16)
    try:
        yield FilePlace(folder, most_bytes)
    finally:
        if folder.exists():
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def remove_abandoned(scratch: Path) -> None:
    """Remove what processes that were killed had received, a day later."""
    await asyncio.to_thread(_remove_older, scratch / INCOMING, time.time() - _ABANDONED_S)


def _remove_older(place: Path, moment: float) -> None:
    for folder in place.iterdir() if place.is_dir() else ():
        with suppress(OSError):  # another process may be removing it too
            if folder.stat().st_mtime < moment:
                shutil.rmtree(folder, ignore_errors=True)


class _Part:
    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.name = ""
        self.text = bytearray()
        self.file: IO[bytes] | None = None
        self.is_file = False


class MultipartReader:
    """One body. `texts` and `files` are its parts by name, in order, once `read` is done.

    Without a `place`, files are refused. TooLarge where texts, or files, are larger than allowed;
    UsageError where the body is no multipart/form-data.
    """

    def __init__(self, content_type: str, *, most_text: int, place: FilePlace | None) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise UsageError("the Content-Type of the body, multipart/form-data, has no boundary")
        self.texts: list[tuple[str, str]] = []
        self.files: dict[str, Path] = {}
        self._most_text = most_text
        self._place = place
        self._text_bytes = 0
        self._file_bytes = 0
        self._parts = 0
        self._part = _Part()
        self._header = (bytearray(), bytearray())
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                },
            )
        except FormParserError:
            raise _broken() from None

    async def read(self, body: AsyncIterator[bytes]) -> None:
        """Take the whole body. Files that are not whole are closed; whoever gave the folder removes
        them."""
        try:
            async for chunk in body:
                if len(chunk) > 1 << 16 and self._part.is_file:
                    await asyncio.to_thread(self._parser.write, chunk)
                else:
                    self._parser.write(chunk)
            self._parser.finalize()
        except FormParserError:
            raise _broken() from None
        finally:
            if self._part.file is not None:
                self._part.file.close()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise TooLarge(f"the request has more than {_MOST_PARTS} parts")
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_end(self) -> None:
        name, value = self._header
        self._part.headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        part = self._part
        options = parse_options_header(part.headers.get(b"content-disposition", b""))[1]
        if b"name" not in options:
            raise UsageError("a part of the request has no name in its Content-Disposition")
        part.name = _decoded(options[b"name"])
        kind = part.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        part.is_file = b"filename" in options or kind not in _TEXT_TYPES
        if part.is_file:
            part.file = self._new_file(part.name)

    def _new_file(self, name: str) -> IO[bytes]:
        if self._place is None:
            raise UsageError(f"part {name[:60]!r} is a file, and this resource takes none")
        if name in self.files:
            raise UsageError(f"two parts are files named {name[:60]!r}; name each differently")
        if len(self.files) == _MOST_FILES:
            raise UsageError(f"the request has more than {_MOST_FILES} files")
        self._place.folder.mkdir(parents=True, exist_ok=True)
        self.files[name] = self._place.folder / file_key(name)
        return self.files[name].open("wb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.file is None:
            self._text_bytes += end - start
            if self._text_bytes > self._most_text:
                raise TooLarge(
                    f"the values of the request are larger than {self._most_text} bytes; "
                    "send long lists as a table by UPLOAD"
                )
            part.text += data[start:end]
            return
        assert self._place is not None
        self._file_bytes += end - start
        if self._file_bytes > self._place.most_bytes:
            raise TooLarge(
                f"the files of the request are larger than {self._place.most_bytes} bytes, the "
                "limit of this archive; send fewer rows or columns, or a binary format"
            )
        part.file.write(memoryview(data)[start:end])

    def _end(self) -> None:
        part = self._part
        if part.file is None:
            self.texts.append((part.name, _decoded(bytes(part.text))))
        else:
            part.file.close()
            part.file = None


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _broken() -> UsageError:
    return UsageError(
        "the body is no whole multipart/form-data; it must end with its boundary, as clients make "
        "it: curl -F"
    )
