"""Parts read from the front: the next member of a tar or of a stored zip."""

from collections.abc import Callable

from starhaul_client.containers import tar, zip
from starhaul_client.containers.source import Broken, Member, Source
from starhaul_client.errors import PartFailed

NextMember = Callable[[Source], Member | None]


def reader_of(name: str) -> NextMember:
    """The reader of a part by its name; PartFailed where it is neither tar nor zip."""
    readers: dict[str, NextMember] = {"tar": tar.next_member, "zip": zip.next_member}
    extension = name.rpartition(".")[2]
    if extension not in readers:
        raise PartFailed(f"{name} is neither a tar nor a zip")
    return readers[extension]


__all__ = ["Broken", "Member", "NextMember", "Source", "reader_of"]
