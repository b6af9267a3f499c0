"""Which columns of an uploaded table say what is to be cut: by name, UCD, utype and unit."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from adql.columns import ColumnMeta
from service.errors import UsageError
from service.pairing.sizes import DEGREES, PIXEL_UNITS
from service.tables.position import is_equatorial, position_pair, unusable
from service.tables.table import is_array, is_text
from service.uploads.table import UploadedTable

# Names that a column may have, the likeliest first; case does not matter.
_DATASETS = ("obs_publisher_did", "publisher_did", "publisherdid")
_LABELS = ("id", "objid", "object_id", "source_id", "main_id", "name", "object", "target_name")
_BANDS = ("band", "filter", "filter_name", "bandpass")
_COLLECTIONS = ("obs_collection", "collection", "survey")
_PIXELS = ("size_px", "size_pix", "size_pixels", "width_px", "npix", "pixels")
_ANGLES = tuple(f"size_{unit}" for unit in ("arcsec", "arcmin", "deg"))
_SIZES = ("size", "width", "side")
_WHOLE = ("unsignedByte", "short", "int", "long")
_ALL = (*_DATASETS, *_LABELS, *_BANDS, *_COLLECTIONS, *_PIXELS, *_ANGLES, *_SIZES, "ra", "dec")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class PairingColumns:
    """Indices of columns, None where there is none. `degrees_unit` is what one of the numbers in
    the column `degrees` is in degrees."""

    ra: int | None
    dec: int | None
    dataset: int | None
    label: int | None
    pixels: int | None
    degrees: int | None
    degrees_unit: float
    band: int | None
    collection: int | None


def columns_of(table: UploadedTable, *, sized: bool) -> PairingColumns:
    """Find them; `sized`: a size is given for all rows.

    UsageError that names what is missing, the columns there are, and the remedy.
    """
    metas = [column.meta for column in table.table.columns]
    said = table.upload.said
    dataset = _dataset(metas)
    label = _named(metas, _LABELS) if dataset is None else _named(metas, _LABELS, but=dataset)
    if label is None:
        label = _by_ucd(metas, "meta.id;meta.main", "meta.id")
    pair = table.pair
    if pair is None and dataset is None:
        dataset = _named(metas, ("id",))
        if dataset is None:
            raise UsageError(_no_place(table, metas))
    pixels, degrees, unit = _size(metas, said)
    if pixels is None and degrees is None and not sized:
        raise UsageError(
            f"{said}: no column says how large the cutouts are; name one size_px, or size_arcsec, "
            f"or send SIZE=28px for all rows; {_has(metas)}"
        )
    return PairingColumns(
        ra=None if pair is None else pair[0],
        dec=None if pair is None else pair[1],
        dataset=dataset,
        label=label,
        pixels=pixels,
        degrees=degrees,
        degrees_unit=unit,
        band=_first(_named(metas, _BANDS), _by_ucd(metas, "instr.filter", "instr.bandpass")),
        collection=_named(metas, _COLLECTIONS),
    )


def _named(metas: Sequence[ColumnMeta], names: Sequence[str], but: int = -1) -> int | None:
    by_name = {meta.name.lower(): n for n, meta in enumerate(metas) if n != but}
    return next((by_name[name] for name in names if name in by_name), None)


def _by_ucd(metas: Sequence[ColumnMeta], *ucds: str) -> int | None:
    for ucd in ucds:
        for index, meta in enumerate(metas):
            if (meta.ucd or "").lower() == ucd:
                return index
    return None


def _dataset(metas: Sequence[ColumnMeta]) -> int | None:
    def is_one(meta: ColumnMeta) -> bool:
        return (meta.utype or "").lower().endswith("curation.publisherdid")

    by_utype = next((n for n, meta in enumerate(metas) if is_one(meta)), None)
    return _first(_named(metas, _DATASETS), by_utype, _by_ucd(metas, "meta.ref.ivoid"))


def _first(*found: int | None) -> int | None:
    return next((each for each in found if each is not None), None)


def _size(metas: Sequence[ColumnMeta], said: str) -> tuple[int | None, int | None, float]:
    """The columns in pixels and in an angle, and what one of the latter's unit is in degrees."""
    pixels, degrees, unit = _named(metas, _PIXELS), _named(metas, _ANGLES), 1.0
    if degrees is not None:
        unit = DEGREES[metas[degrees].name.lower().removeprefix("size_")]
    other = _named(metas, _SIZES) if pixels is None and degrees is None else None
    if other is not None:
        meta = metas[other]
        said_unit = (meta.unit or "").lower()
        if said_unit in DEGREES:
            degrees, unit = other, DEGREES[said_unit]
        elif said_unit in PIXEL_UNITS or (not said_unit and meta.datatype in _WHOLE):
            pixels = other
        else:
            raise UsageError(
                f"{said}: the column {meta.name} has "
                + (f"the unit {meta.unit}" if meta.unit else "no unit")
                + "; name it size_px, size_arcsec, size_arcmin or size_deg"
            )
    for index in (pixels, degrees):
        if index is not None and (is_text(metas[index]) or is_array(metas[index])):
            raise UsageError(f"{said}: the column {metas[index].name} holds no single numbers")
    return pixels, degrees, unit


def _no_place(table: UploadedTable, metas: Sequence[ColumnMeta]) -> str:
    said, frame = table.upload.said, table.source.head.frame
    pair = position_pair(metas)
    if pair is not None and not is_equatorial(frame):
        return f"{said}: its positions are in {frame}, not in ICRS; convert them and send it again"
    wrong = [] if pair is None else [(metas[n], unusable(metas[n])) for n in pair]
    for meta, reason in wrong:
        if reason is not None:
            return f"{said}: the column {meta.name} {reason}; give ra and dec in degrees, ICRS"
    return (
        f"{said}: no columns say where to cut; give right ascension and declination in degrees, "
        "named ra and dec or with the UCDs pos.eq.ra and pos.eq.dec, or identifiers of datasets "
        f"named obs_publisher_did; {_has(metas)}{_hint(metas)}"
    )


def _has(metas: Sequence[ColumnMeta]) -> str:
    names = ", ".join(meta.name for meta in metas[:_SHOWN])
    more = len(metas) - _SHOWN
    return f"the table has {names}" + (f" and {more} more" if more > 0 else "")


def _hint(metas: Sequence[ColumnMeta]) -> str:
    """A name that is near to one that is known."""
    for meta in metas:
        found = difflib.get_close_matches(meta.name.lower(), _ALL, 1, 0.7)
        if found and found[0] != meta.name.lower():
            return f"; is {meta.name} meant to be {found[0]}?"
    return ""
