"""Lists of a package's parts for the tools that people have: wget, curl, aria2, a shell."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from service.bulk.connections import connections
from service.bulk.part_file import PartFile

TEXT = "text/plain;charset=utf-8"
_ARIA2_HEAD = "# aria2c -c -j {} -i aria2.txt\n"
_CURL_HEAD = """\
# curl --config curl.txt
# Interrupted? The same line again goes on where it stopped. Of a complete part it says "416".
fail
location
continue-at = "-"
retry = 10
parallel-max = {}
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One list: its media type, and how it is written from a package's name and its parts.

    The last argument of `write` is how many parts one user may read at once. `sums`: it has the
    SHA-256 of the parts that are known.
    """

    media_type: str
    write: Callable[[str, Sequence[PartFile], int], bytes]
    sums: bool = False


def _urls(_name: str, parts: Sequence[PartFile], _streams: int) -> bytes:
    return "".join(f"{part.url}\n" for part in parts).encode()


def _aria2(_name: str, parts: Sequence[PartFile], streams: int) -> bytes:
    """Options of a line hold for its download, whatever the command line says."""
    use = connections(streams)
    lines = [_ARIA2_HEAD.format(use.downloads)]
    for part in parts:
        lines += [f"{part.url}\n", f"  out={part.name}\n"]
        lines += [f"  {option}\n" for option in use.options()]
        if part.sha256 is not None:
            lines.append(f"  checksum=sha-256={part.sha256.hex()}\n")
    return "".join(lines).encode()


def _curl(_name: str, parts: Sequence[PartFile], streams: int) -> bytes:
    head = _CURL_HEAD.format(connections(streams).downloads)
    lines = [f'url = "{part.url}"\noutput = "{part.name}"\n' for part in parts]
    return (head + "".join(lines)).encode()


def _get_sh(name: str, parts: Sequence[PartFile], _streams: int) -> bytes:
    """A POSIX script: the parts in a here document, then what is the same in every package."""
    body = files("service.bulk").joinpath("get.sh").read_text(encoding="utf-8")
    listed = "".join(f"{part.size} {part.name} {part.url}\n" for part in parts)
    head = f"#!/bin/sh\nNAME={shlex.quote(name)}\nlist() {{\n    cat <<'PARTS'\n{listed}PARTS\n}}\n"
    return (head + body).encode()


DIALECTS: dict[str, Dialect] = {
    "get.sh": Dialect("text/x-shellscript;charset=utf-8", _get_sh),
    "urls.txt": Dialect(TEXT, _urls),
    "curl.txt": Dialect(TEXT, _curl),
    "aria2.txt": Dialect(TEXT, _aria2, sums=True),
}
