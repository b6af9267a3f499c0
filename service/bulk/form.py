"""The forms of a part, RESPONSEFORMAT=tar or zip: what stands around the bytes of its members."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from service.bulk import tar, zip
from service.errors import UsageError

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Form(Protocol):
    """A part is entries, then a directory of them (tar has none), then an end.

    An entry is a header, the member's bytes, and zeros up to the padded size. Names are bytes of
    UTF-8, those of directories end with a slash; sizes and starts are bytes, mtime is in seconds
    since 1970. Each length is known, for any number of members at once, before anything is made.
    """

    EXTENSION: str
    MEDIA_TYPE: str

    def header(self, name: bytes, size: int, mtime: int, crc32: int, /) -> bytes:
        """What stands before a member's bytes."""

    def headers(
        self, names: Sequence[bytes], sizes: Integers, mtimes: Integers, crc32s: Integers, /
    ) -> bytes:
        """`header` of many files, one behind the other."""

    def header_lengths(self, names: Integers, non_ascii: Flags, sizes: Integers, /) -> Integers:
        """The length of `header` for names of so many bytes."""

    def padded(self, size: int, /) -> int:
        """What a member's bytes take."""

    def padded_sizes(self, sizes: Integers, /) -> Integers:
        """`padded` of many."""

    def records(
        self,
        names: Sequence[bytes],
        sizes: Integers,
        mtimes: Integers,
        crc32s: Integers,
        starts: Integers,
        /,
    ) -> list[bytes]:
        """The lines of the directory for entries that begin at `starts`."""

    def record_lengths(self, names: Integers, sizes: Integers, starts: Integers, /) -> Integers:
        """The lengths of `records` for names of so many bytes."""

    def end(self, entries: int, start: int, length: int, /) -> bytes:
        """What stands behind the directory, which begins at `start`."""


FORMS: dict[str, Form] = {"tar": tar, "zip": zip}


def form_of(name: str) -> Form:
    """The form that a package was asked for; UsageError for an unknown one."""
    try:
        return FORMS[name]
    except KeyError:
        raise UsageError(f"the format {name} is unknown; parts are {' or '.join(FORMS)}") from None
