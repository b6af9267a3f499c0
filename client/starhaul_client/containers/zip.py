"""The members of a zip whose members are stored, not compressed (APPNOTE 6.3), one by one."""

import calendar
import struct

from starhaul_client.containers.source import Broken, Member, Source

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_EXTRA = struct.Struct("<HH")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ENDS = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06")
_DESCRIPTOR, _UTF8 = 1 << 3, 1 << 11
_ZIP64, _UNIX_TIME = 0x0001, 0x5455
_IN_EXTRA = 0xFFFFFFFF


def next_member(source: Source) -> Member | None:
    """The member whose local header comes next; None where the central directory begins, which
    is passed. Broken where there is neither, or one that is compressed or has no size."""
    at = source.position
    signature = source.take(4)
    if signature in _ENDS:
        source.pass_to(source.size)
        return None
    if signature != _LOCAL_SIGNATURE:
        raise Broken(f"no zip header at byte {at}")
    fields = _LOCAL.unpack(signature + source.take(_LOCAL.size - 4))
    (_, _, flags, method, time, date, _, size, _, name_length, extra_length) = fields
    name, extra = source.take(name_length), _extra(source.take(extra_length))
    if method != 0 or flags & _DESCRIPTOR:
        raise Broken(f"the member at byte {at} is compressed, or its size is not before it")
    if size == _IN_EXTRA:
        wide = extra.get(_ZIP64, b"")
        if len(wide) < 16:
            raise Broken(f"the member at byte {at} has no size")
        size = struct.unpack_from("<Q", wide, 0)[0]
    path = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    return Member(
        path=path,
        offset=source.position,
        size=size,
        end=source.position + size,
        mtime=_mtime(extra, date, time),
        is_directory=path.endswith("/"),
    )


def _extra(content: bytes) -> dict[int, bytes]:
    """The extra fields of a header by their number."""
    fields = {}
    while len(content) >= _EXTRA.size:
        number, length = _EXTRA.unpack_from(content)
        fields[number] = content[_EXTRA.size : _EXTRA.size + length]
        content = content[_EXTRA.size + length :]
    return fields


def _mtime(extra: dict[int, bytes], date: int, time: int) -> int:
    """Seconds since 1970: of the Unix field where there is one, else the DOS time taken as UTC."""
    unix = extra.get(_UNIX_TIME, b"")
    if len(unix) >= 5 and unix[0] & 1:
        return int(struct.unpack_from("<i", unix, 1)[0])
    day = (1980 + (date >> 9), date >> 5 & 15, date & 31)
    return calendar.timegm((*day, time >> 11, time >> 5 & 63, time % 32 * 2))
