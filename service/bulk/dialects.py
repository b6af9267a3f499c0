"""Lists of a package's parts for the tools that people have: wget, curl, aria2, a shell."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from service.bulk.metalink import METALINK, metalink
from service.bulk.part_file import PartFile

TEXT = "text/plain;charset=utf-8"
_ARIA2_HEAD = "# aria2c -c -x 4 -i aria2.txt\n"
_CURL_HEAD = """\
# curl --config curl.txt
# Interrupted? The same line again goes on where it stopped. Of a complete part it says "416".
fail
location
continue-at = "-"
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One list: its media type, and how it is written from a package's name and its parts.

    `shows` is what it says of the parts' checksums: nothing, their SHA-256, or those of their
    pieces too.
    """

    media_type: str
    write: Callable[[str, Sequence[PartFile]], bytes]
    shows: Literal["nothing", "sums", "pieces"] = "nothing"


def _urls(_name: str, parts: Sequence[PartFile]) -> bytes:
    return "".join(f"{part.url}\n" for part in parts).encode()


def _aria2(_name: str, parts: Sequence[PartFile]) -> bytes:
    lines = [_ARIA2_HEAD]
    for part in parts:
        lines += [f"{part.url}\n", f"  out={part.name}\n"]
        if part.sha256 is not None:
            lines.append(f"  checksum=sha-256={part.sha256.hex()}\n")
    return "".join(lines).encode()


def _curl(_name: str, parts: Sequence[PartFile]) -> bytes:
    lines = [f'url = "{part.url}"\noutput = "{part.name}"\n' for part in parts]
    return (_CURL_HEAD + "".join(lines)).encode()


def _get_sh(name: str, parts: Sequence[PartFile]) -> bytes:
    """A POSIX script: the parts in a here document, then what is the same in every package."""
    body = files("service.bulk").joinpath("get.sh").read_text(encoding="utf-8")
    listed = "".join(f"{part.size} {part.name} {part.url}\n" for part in parts)
    head = f"#!/bin/sh\nNAME={shlex.quote(name)}\nlist() {{\n    cat <<'PARTS'\n{listed}PARTS\n}}\n"
    return (head + body).encode()


DIALECTS: dict[str, Dialect] = {
    "get.sh": Dialect("text/x-shellscript;charset=utf-8", _get_sh),
    "urls.txt": Dialect(TEXT, _urls),
    "curl.txt": Dialect(TEXT, _curl),
    "aria2.txt": Dialect(TEXT, _aria2, "sums"),
    "parts.meta4": Dialect(METALINK, metalink, "pieces"),
}
