"""Which files of the archive are spectra that can be had in the one layout, and what is known of
them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select

from schema.tables.archive import collection, dataset, holding, spectrum
from service.archive import Archive
from service.principal import act_as
from service.spectra.forms import READERS_OF_SPECTRA
from service.spectra.layout import NotConvertible
from service.spectra.model import Origin
from service.storage.holdings import find_holding, readable
from service.storage.state import FileState

# Points of all spectra of a file together; above it the file itself is what can be had.
MOST_POINTS = 2_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """A file that can be converted, as ingest knew it.

    `reader` took it; `header` are the cards that its collection.toml states.
    """

    origin: Origin
    root: str
    state: FileState
    sha256: bytes
    reader: str
    header: Mapping[str, str | int | float | bool]


def convertible() -> ColumnElement[bool]:
    """The condition on holding joined with its dataset; what ingest found decides."""
    return and_(
        dataset.c.dataproduct_type == "spectrum",
        holding.c.semantics == "#this",
        holding.c.reader.in_(READERS_OF_SPECTRA),
        or_(dataset.c.em_xel.is_(None), dataset.c.em_xel <= MOST_POINTS),
    )


async def find_spectrum(archive: Archive, number: str, principal: str | None) -> Held:
    """The spectrum of /files/{number}.

    NotFound where there is no such file, or none that this principal may read; Gone where the last
    ingest no longer found it; NotConvertible where it is no spectrum, or one that is not converted.
    """
    async with archive.database.owner.connect() as connection:
        await act_as(connection, principal)
        row, state = await find_holding(connection, _FOUND.where(readable()), number)
    if not row.convertible:
        raise NotConvertible(_why_not(row))
    return Held(
        origin=origin_of(row, archive),
        root=row.root,
        state=state,
        sha256=row.sha256,
        reader=row.reader,
        header=row.config.get("toml", {}).get("header", {}),
    )


_FOUND = (
    select(
        holding,
        dataset,
        collection.c.root,
        collection.c.config,
        spectrum.c.redshift,
        convertible().label("convertible"),
    )
    .join(dataset, dataset.c.id == holding.c.dataset_id)
    .join(collection, collection.c.id == holding.c.collection_id)
    .outerjoin(spectrum, spectrum.c.dataset_id == dataset.c.id)
)


def _why_not(row: Row[Any]) -> str:
    if row.semantics != "#this" or row.reader == "part":
        return f"the file {row.path} is not the data of its dataset, but {row.semantics} of it"
    if row.dataproduct_type != "spectrum":
        return f"the file {row.path} is no spectrum but {row.dataproduct_type}; take /files instead"
    return (
        f"the file {row.path} holds {row.em_xel} points; spectra of up to {MOST_POINTS} are "
        "converted: take the file itself"
    )


def origin_of(row: Row[Any], archive: Archive) -> Origin:
    """The dataset as its spectrum tells it; of a row of holding, dataset and spectrum.redshift."""
    return Origin(
        file_id=row.id,
        path=row.path,
        sha256=row.sha256.hex(),
        publisher=archive.settings.title,
        publisher_id=row.obs_publisher_did.partition("?")[0],
        publisher_did=row.obs_publisher_did,
        collection=row.obs_collection,
        title=row.obs_title,
        target=row.target_name,
        target_class=row.target_class,
        ra=row.s_ra,
        dec=row.s_dec,
        fov=row.s_fov,
        t_min=row.t_min,
        t_max=row.t_max,
        exposure=row.t_exptime,
        facility=row.facility_name,
        instrument=row.instrument_name,
        creator=row.obs_creator_name,
        creator_did=row.obs_creator_did,
        reference=row.bib_reference,
        rights=row.data_rights,
        calibration=row.o_calib_status,
        resolving_power=row.em_res_power,
        snr=row.s_snr,
        redshift=row.redshift,
    )
