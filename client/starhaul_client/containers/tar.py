"""The members of a POSIX tar (IEEE 1003.1, pax), one by one."""

import tarfile

from starhaul_client.containers.source import Broken, Member, Source

_BLOCK = tarfile.BLOCKSIZE
_LARGEST_PAX = 1 << 20


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def next_member(source: Source) -> Member | None:
    """The member whose header comes next; None at the end. Its bytes are next then.

    Broken where there is no header, or one of a link, a device or another thing no part has.
    """
    records: dict[str, str] = {}
    while True:
        block = source.take(_BLOCK)
        if block.count(0) == _BLOCK:
            source.pass_zeros(source.size)
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise Broken(f"no tar header at byte {source.position - _BLOCK}: {error}") from error
        if info.type != tarfile.XHDTYPE:
            break
        if info.size > _LARGEST_PAX:
            raise Broken(f"a pax header of {info.size} bytes")
        records |= _pax(source.take(_padded(info.size))[: info.size])
    size = int(records.get("size", info.size))
    if not (info.isreg() or info.isdir()):
        raise Broken(f"the member {info.name!r} is neither a file nor a directory")
    return Member(
        path=records.get("path", info.name),
        offset=source.position,
        size=size,
        end=source.position + _padded(size),
        mtime=int(info.mtime),
        is_directory=info.isdir(),
    )


def _pax(content: bytes) -> dict[str, str]:
    """The records of a pax header: length in decimal, blank, keyword=value, newline."""
    records = {}
    try:
        while content:
            digits, _, _ = content.partition(b" ")
            entry, content = content[: int(digits)], content[int(digits) :]
            keyword, _, value = entry[len(digits) + 1 : -1].decode().partition("=")
            records[keyword] = value
            if int(digits) <= len(digits) or not entry.endswith(b"\n"):
                raise ValueError("its length is wrong")
    except ValueError as error:
        raise Broken(f"a pax header cannot be read: {error}") from error
    return records
