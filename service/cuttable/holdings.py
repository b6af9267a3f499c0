"""Of each dataset the file that is cut, as ingest knew it, for those who may read it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.archive import collection, dataset, holding, spectrum
from service.archive import Archive
from service.cutouts.errors import NotCuttable
from service.cutouts.product import Source, first_bytes
from service.cutouts.wanted import Interval
from service.errors import Forbidden, Gone, NotFound, StarhaulError
from service.principal import act_as
from service.spectra.holdings import convertible, origin_of
from service.spectra.model import Origin
from service.storage.state import FileState
from service.storage.store import OpenFile, store_of

IMAGES = ("image", "cube")
SPECTRUM = "spectrum"


def cuttable() -> ColumnElement[bool]:
    """The condition on holding joined with its dataset: this file is what is cut of it."""
    return and_(
        holding.c.semantics == "#this",
        holding.c.reader != "part",
        or_(dataset.c.dataproduct_type.in_(IMAGES), convertible()),
    )


@dataclass(frozen=True, slots=True)
class Cuttable:
    """A file that can be cut. `number` is that of /files/{number}, `kind` the dataproduct_type.

    `header` are the cards that its collection.toml states; `time` (MJD) and `band` (metres) are
    None where ObsCore does not know both ends; `origin` is what a spectrum says of its dataset.
    """

    number: int
    identifier: str
    kind: str
    root: str
    path: str
    media_type: str
    state: FileState
    sha256: bytes
    reader: str
    header: Mapping[str, str | int | float | bool]
    time: Interval | None
    band: Interval | None
    pol: tuple[str, ...]
    origin: Origin

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def open(self) -> OpenFile:
        """The file; Damaged where it is not the ingested one, Unavailable where its store is away.

        Blocks: for a thread or a task.
        """
        wanted = first_bytes(self.state.size)
        return store_of(self.root).open(self.path, self.state, self.sha256, wanted)

    def source(self, file: OpenFile) -> Source:
        """The open file with what is known of it."""
        return Source(
            file=file,
            name=self.name,
            identifier=self.identifier,
            reader=self.reader,
            header=self.header,
            time=self.time,
            band=self.band,
            pol=self.pol,
        )


Found = dict[str, Cuttable | StarhaulError]


async def find_cuttable(
    archive: Archive, identifiers: Sequence[str], principal: str | None
) -> Found:
    """By obs_publisher_did, what is cut of each dataset, or why nothing is.

    NotFound where there is no such dataset for this principal, Forbidden where its file is closed,
    Gone where the last ingest no longer found it, NotCuttable where it is of another kind.
    """
    asked = {identifier: identifier.replace("\0", "\ufffd") for identifier in identifiers}
    async with archive.database.owner.connect() as connection:
        await act_as(connection, principal)
        rows = (await connection.execute(_BY_ID, {"dids": list(asked.values())})).all()
    by_did: dict[str, Row[Any]] = {}
    for row in rows:  # those that are cut come first
        by_did.setdefault(row.obs_publisher_did, row)
    return {
        identifier: _found(archive, identifier, by_did.get(did))
        for identifier, did in asked.items()
    }


async def cuttable_files(
    archive: Archive, connection: AsyncConnection, numbers: Collection[int]
) -> dict[int, Cuttable | StarhaulError]:
    """By the number of /files/{number}, the file, or why it is not cut; as `find_cuttable`.

    The caller's transaction acts as whoever asked (`act_as`).
    """
    rows = await connection.execute(_FOUND.where(holding.c.id.in_(numbers)))
    found = {row.id: _found(archive, row.obs_publisher_did, row) for row in rows}
    missing = NotFound("the file has left the archive since it was asked for, or was closed to you")
    return {number: found.get(number, missing) for number in numbers}


_MAY_READ = func.starhaul.may_read
_FOUND = (
    select(
        holding,
        dataset,
        spectrum.c.redshift,
        collection.c.root,
        collection.c.config,
        cuttable().label("cuttable"),
        _MAY_READ(holding.c.readable_by).label("readable"),
    )
    .select_from(dataset)
    .join(collection, collection.c.id == dataset.c.collection_id)
    .outerjoin(spectrum, spectrum.c.dataset_id == dataset.c.id)
    .outerjoin(holding, and_(holding.c.dataset_id == dataset.c.id, holding.c.semantics == "#this"))
    .where(_MAY_READ(dataset.c.readable_by))
    .order_by(cuttable().desc().nulls_last(), holding.c.id)
)
_BY_ID = _FOUND.where(dataset.c.obs_publisher_did.in_(bindparam("dids", expanding=True)))


def _found(archive: Archive, identifier: str, row: Row[Any] | None) -> Cuttable | StarhaulError:
    if row is None:
        return NotFound(
            f"ID={identifier[:200]!r} is no dataset of this archive, or you may not read it; "
            "obs_publisher_did of ivoa.obscore names them"
        )
    if not row.cuttable:
        kind = row.dataproduct_type or "dataset"
        return NotCuttable(
            f"{identifier[:200]} is a {kind} that cannot be cut; its files are listed at "
            "/datalink/links"
        )
    if not row.readable:
        return Forbidden(
            f"the file {row.path} is not open to you; send the token of somebody who may read it"
        )
    if row.state != "present":
        return Gone(f"the file {row.path} is no longer in the archive's store")
    return Cuttable(
        number=row.id,
        identifier=identifier,
        kind=row.dataproduct_type,
        root=row.root,
        path=row.path,
        media_type=row.media_type,
        state=FileState(row.size, row.mtime_ns, row.ctime_ns, row.inode, row.etag),
        sha256=row.sha256,
        reader=row.reader,
        header=row.config.get("toml", {}).get("header", {}),
        time=_ends(row.t_min, row.t_max),
        band=_ends(row.em_min, row.em_max),
        pol=states_of(row.pol_states),
        origin=origin_of(row, archive),
    )


def states_of(pol_states: str | None) -> tuple[str, ...]:
    """pol_states as ObsCore writes them, /I/Q/U/V/, as single states."""
    return tuple(state for state in (pol_states or "").split("/") if state)


def _ends(low: float | None, high: float | None) -> Interval | None:
    return None if low is None or high is None else (low, high)
