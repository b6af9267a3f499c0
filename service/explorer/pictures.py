"""Small pictures of the datasets that rows name."""

from service.explorer.rows import FirstRows
from service.previews.drawable import EXTENSIONS, MEDIA_TYPES, SMALL

_KIND, _FILE = "dataproduct_type", "access_url"


def pictures(found: FirstRows, base_url: str) -> list[str | None]:
    """Where the picture of each row's file is, None where a row names none that is drawn; empty
    where no row does. The picture itself is drawn when a reader scrolls to it."""
    names = [column.name for column in found.columns]
    if _KIND not in names or _FILE not in names:
        return []
    kind, file = names.index(_KIND), names.index(_FILE)
    made = [_picture(row[kind], row[file], f"{base_url}/files/") for row in found.rows]
    return made if any(made) else []


def _picture(kind: object, url: object, files: str) -> str | None:
    number = str(url).removeprefix(files)
    if kind not in MEDIA_TYPES or not (number.isascii() and number.isdigit()):
        return None
    return f"/previews/{number}.{EXTENSIONS[MEDIA_TYPES[str(kind)]]}?SIZE={SMALL}"
