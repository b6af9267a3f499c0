"""Names that an archive gives, before they become names on this disk."""

from pathlib import PurePosixPath

from starhaul_client.errors import PartFailed


def checked_name(name: str) -> str:
    """One component of a path; PartFailed where it is none."""
    if name in ("", ".", "..") or any(c in "/\\" or ord(c) < 32 or ord(c) == 127 for c in name):
        raise PartFailed(f"the name {name!r} is unsafe; nothing is written under it")
    return name


def checked_path(path: str, package: str) -> PurePosixPath:
    """A relative path below the directory `package`; PartFailed where it leads anywhere else."""
    components = path.rstrip("/").split("/")
    for component in components:
        checked_name(component)
    if components[0] != package:
        raise PartFailed(f"the member {path!r} is not below {package}/; nothing is written for it")
    return PurePosixPath(*components)
