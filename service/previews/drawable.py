"""Which files have a preview, and what it depends on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from schema.tables.archive import collection, dataset, holding
from service.archive import Archive
from service.errors import NotFound
from service.principal import act_as
from service.storage.holdings import find_holding, readable
from service.storage.state import FileState

# Raised by a change of what drawings look like: all are drawn anew.
RENDERER = 1
PNG, SVG = "image/png", "image/svg+xml"
# Types of products (ObsCore 1.1 §3.3.1) that are drawn, and as what.
MEDIA_TYPES = {"image": PNG, "cube": PNG, "spectrum": SVG, "timeseries": SVG}
TITLES = {
    "image": "The image as a picture, asinh stretch",
    "cube": "The cube as a picture, averaged along its spectral axis",
    "spectrum": "The spectrum as a plot",
    "timeseries": "The time series as a plot",
}
EXTENSIONS = {PNG: "png", SVG: "svg"}
# Pixels along the longer side.
LARGE, SMALL = 512, 128
SIZES = (LARGE, SMALL)


class Undrawable(Exception):
    """The file cannot be drawn; the message says why."""


class TooSlow(Undrawable):
    """Reading the file takes longer than a drawing may; another time it may not."""


@dataclass(frozen=True, slots=True)
class Drawable:
    """A file that can be drawn, as ingest knew it; `closed`: not for everybody.

    `reader` took it for a `kind` of product, `header` are the cards that the publisher corrected.
    """

    id: int
    root: str
    path: str
    state: FileState
    sha256: bytes
    kind: str
    reader: str
    header: Mapping[str, str | int | float | bool]
    closed: bool

    @property
    def media_type(self) -> str:
        """Of its preview."""
        return MEDIA_TYPES[self.kind]

    @property
    def key(self) -> str:
        """Differs wherever the drawing would."""
        depends_on = [RENDERER, self.sha256.hex(), self.kind, self.reader, dict(self.header)]
        text = json.dumps(depends_on, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]


async def find_drawable(archive: Archive, number: str, principal: str | None) -> Drawable:
    """The file of /files/{number}; NotFound where there is none that this principal may read, or
    it is of no kind that is drawn, Gone where the last ingest no longer found it."""
    async with archive.database.owner.connect() as connection:
        await act_as(connection, principal)
        return _drawable(*await find_holding(connection, _FOUND.where(readable()), number))


async def find_for_worker(archive: Archive, number: str) -> Drawable:
    """The same for a worker, who draws for everybody."""
    async with archive.database.owner.connect() as connection:
        return _drawable(*await find_holding(connection, _FOUND, number))


_FOUND = (
    select(
        holding,
        collection.c.root,
        collection.c.config,
        dataset.c.dataproduct_type.label("kind"),
        (holding.c.readable_by.is_not(None) | dataset.c.readable_by.is_not(None)).label("closed"),
    )
    .join(dataset, dataset.c.id == holding.c.dataset_id)
    .join(collection, collection.c.id == holding.c.collection_id)
)


def _drawable(row: Row[Any], state: FileState) -> Drawable:
    if row.semantics != "#this" or row.reader == "part" or row.kind not in MEDIA_TYPES:
        raise NotFound(
            f"there is no preview of {row.path}: images, cubes, spectra and time series are drawn"
        )
    return Drawable(
        id=row.id,
        root=row.root,
        path=row.path,
        state=state,
        sha256=row.sha256,
        kind=row.kind,
        reader=row.reader,
        header=row.config.get("toml", {}).get("header", {}),
        closed=row.closed,
    )
