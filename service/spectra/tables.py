"""Spectra in tables: a row a point, or arrays in cells; several rows, column sets, extensions."""

import re
from dataclasses import dataclass, replace

import numpy as np

from service.ingest.fits import FitsFile, Hdu
from service.ingest.header import Header
from service.ingest.readers.columns import SpectralColumns, column_medium, find_columns
from service.ingest.units import SpectralUnit, spectral_unit
from service.ingest.wavelength import wat_attributes
from service.spectra.arrays import column
from service.spectra.companions import find_error, find_flags
from service.spectra.fluxes import parse_unit
from service.spectra.layout import NotConvertible, Spectrum
from service.spectra.pieces import (
    Described,
    Piece,
    Values,
    distinct,
    sigma,
    spectra_of,
    spectrum_of,
)

# CRIRES+ (cr2res): the columns of order 02, trace 01; wavelengths in nm by its manual.
_ORDER_COLUMN = re.compile(r"(\d\d_\d\d_)WL$", re.I)
_MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """Columns (from 1) that belong together: wavelengths, flux, error, flags."""

    wave: int
    flux: int
    error: tuple[int, str] | None
    flags: int | None


def table_spectra(fits: FitsFile, only_first: bool, medium: str | None) -> tuple[Spectrum, ...]:
    """The spectra of all tables that have the columns of the first with wavelengths and a flux.

    `only_first`: of the first alone, where a convention says that the others are parts of it.
    `medium`: of the convention, where no card says it.
    """
    found = spectral_tables(fits)
    if not found:
        raise NotConvertible("no table has a column of wavelengths and one of a flux")
    if only_first:
        found = found[:1]
    pieces: list[Piece] = []
    labels: list[str | None] = []
    ordered = False
    for columns in found:
        sets = column_sets(columns)
        ordered = ordered or len(sets) > 1
        for number, chosen in enumerate(sets, start=1):
            rows = _pieces(columns, chosen)
            pieces += rows
            name = columns.hdu.name or f"HDU {columns.hdu.index}"
            labels += [f"{name} {number}-{row + 1}" for row in range(len(rows))]
    said = described(found[0], fits.primary, medium)
    if ordered:
        return (spectrum_of(pieces, said),)
    if len(found) > 1:
        whole = _by_table(found, pieces, said)
        if whole is not None:
            return whole
    return spectra_of(pieces, said, labels)


def _by_table(
    found: list[SpectralColumns], pieces: list[Piece], said: Described
) -> tuple[Spectrum, ...] | None:
    """A spectrum a table, where the tables name what they are of: SOURCEID, EXTVER, OBJECT."""
    names = [columns.hdu.header.text("SOURCEID", "SLTNAME", "OBJECT") for columns in found]
    if len(pieces) != len(found) or len(set(names)) == 1:
        return None
    spectra = [
        replace(
            spectrum_of([piece], said, columns.hdu.name or f"HDU {columns.hdu.index}"), target=n
        )
        for piece, columns, n in zip(pieces, found, names, strict=True)
    ]
    return distinct(spectra)


def spectral_tables(fits: FitsFile) -> list[SpectralColumns]:
    """Tables with wavelengths and a flux, of the same columns as the first of them."""
    found: list[SpectralColumns] = []
    for hdu in fits.tables:
        if not hdu.rows or (found and hdu.columns != found[0].hdu.columns):
            continue
        columns = find_columns(hdu)
        if columns is not None and columns.flux is not None:
            found.append(columns)
    return found


def column_sets(columns: SpectralColumns) -> list[ColumnSet]:
    """One set of columns, or one an order where the table has a column an order (CRIRES+)."""
    hdu = columns.hdu
    names = [name.upper() for name in hdu.columns]
    cards = range(1, len(names) + 1)
    utypes = [hdu.header.text(f"TUTYP{i}") or "" for i in cards]
    ucds = [hdu.header.text(f"TUCD{i}") or "" for i in cards]
    pairs = [(columns.wave, columns.flux or 0)]
    prefixes = [
        (i, match[1]) for i, name in enumerate(names) if (match := _ORDER_COLUMN.match(name))
    ]
    if prefixes and names[columns.wave - 1].endswith("_WL"):
        pairs = [
            (i + 1, names.index(prefix + "SPEC") + 1)
            for i, prefix in prefixes
            if prefix + "SPEC" in names
        ] or pairs
    sets = []
    for wave, flux in pairs:
        error = find_error(flux - 1, names, utypes, ucds)
        flags = find_flags(flux - 1, names, utypes)
        sets.append(
            ColumnSet(
                wave,
                flux,
                None if error is None else (error[0] + 1, error[1]),
                None if flags is None else flags + 1,
            )
        )
    return sets


def _pieces(columns: SpectralColumns, chosen: ColumnSet) -> list[Piece]:
    """One piece of a table with a row a point; one a row where cells hold arrays."""
    hdu = columns.hdu
    flux = column(hdu, chosen.flux)
    wave = waves_of(columns, chosen, flux)
    error = _error(hdu, chosen, flux)
    flags = None if chosen.flags is None else _numbers(hdu, chosen.flags)
    if flux.shape[1] == 1 and wave.shape[1] == 1:
        wave, flux = wave.reshape(1, -1), flux.reshape(1, -1)
        error = None if error is None else error.reshape(1, -1)
        flags = None if flags is None else flags.reshape(1, -1)
    if len(wave) == 1 and len(flux) > 1:
        wave = np.broadcast_to(wave, flux.shape)
    if wave.shape != flux.shape:
        raise NotConvertible(
            f"columns {hdu.columns[chosen.wave - 1]} and {hdu.columns[chosen.flux - 1]} of HDU "
            f"{hdu.index} are not of one length: {wave.shape[-1]} and {flux.shape[-1]} values"
        )
    if len(wave) > _MOST_ROWS:
        raise NotConvertible(
            f"HDU {hdu.index} holds {len(wave)} spectra; files of up to {_MOST_ROWS} are converted"
        )
    lengths = lengths_of(hdu, flux.shape)
    return [
        Piece(
            wave[row, :length],
            flux[row, :length],
            None if error is None or error.shape != flux.shape else error[row, :length],
            None if flags is None or flags.shape != flux.shape else flags[row, :length],
        )
        for row, length in enumerate(lengths)
    ]


def _numbers(hdu: Hdu, number: int) -> Values | None:
    """A column that a spectrum can do without; None where it holds words, or cannot be read."""
    try:
        return column(hdu, number)
    except NotConvertible:
        return None


def lengths_of(hdu: Hdu, shape: tuple[int, ...]) -> list[int]:
    """How many elements of each row's cells are filled (HST: NELEM)."""
    number = hdu.column_number("NELEM")
    if number is None or shape[1] == 1:
        return [shape[1]] * shape[0]
    counts = column(hdu, number)[:, 0]
    return [int(count) if 0 < count <= shape[1] else shape[1] for count in counts]


def waves_of(columns: SpectralColumns, chosen: ColumnSet, flux: Values) -> Values:
    """The wavelengths, or those of a first one and a step along the flux array (IUE, MXLO)."""
    step = columns.hdu.column_number("DELTAW")
    waves = column(columns.hdu, chosen.wave)
    if step is not None and waves.shape[1] == 1 and flux.shape[1] > 1:
        return waves + column(columns.hdu, step) * np.arange(flux.shape[1])
    return waves


def _error(hdu: Hdu, chosen: ColumnSet, flux: Values) -> Values | None:
    """One standard deviation in the flux's own unit; None where the file gives it in no such."""
    if chosen.error is None:
        return None
    number, kind = chosen.error
    given = _numbers(hdu, number)
    if given is None:
        return None
    values = sigma(given, kind)
    if kind != "error":
        return values
    own, main = (parse_unit(hdu.header.text(f"TUNIT{n}")) for n in (number, chosen.flux))
    if own is None or main is None or own == main:
        return values
    if not own.is_equivalent(main):
        return None
    return np.asarray(values * own.to(main))


def described(columns: SpectralColumns, primary: Header, medium: str | None) -> Described:
    header, name = columns.hdu.header, columns.hdu.columns[columns.wave - 1]
    unit = columns.unit
    notes: tuple[str, ...] = ()
    if unit is None and columns.text("TUNIT", columns.wave) is None:
        unit, notes = _conventional_unit(name, primary)
        if unit is not None and columns.log and not unit.log:
            unit = SpectralUnit(unit.name, unit.kind, unit.to_metres, log=True)
    ucd = columns.text("TUCD", columns.flux)
    return Described(
        place=f"column {name} of HDU {columns.hdu.index}",
        unit=unit,
        medium=column_medium(columns, primary) or medium,
        log=columns.log,
        flux_unit=_flux_unit(columns, primary),
        flux_ucd=_plain_ucd(ucd),
        specsys=header.text("SPECSYS") or primary.text("SPECSYS"),
        notes=notes,
    )


def _conventional_unit(name: str, primary: Header) -> tuple[SpectralUnit | None, tuple[str, ...]]:
    """What a layout's own description says where the file does not: cr2res nm, IRAF's WAT cards."""
    if _ORDER_COLUMN.match(name):
        return spectral_unit("nm"), ("wavelengths are in nm by the manual of CRIRES+'s pipeline",)
    written = wat_attributes(primary, 1).get("units")
    if written:
        return spectral_unit(written), ()
    return None, ()


def _flux_unit(columns: SpectralColumns, primary: Header) -> str | None:
    """TUNITn, else BUNIT of the table or of the file (SDSS)."""
    stated = columns.text("TUNIT", columns.flux)
    return stated or columns.hdu.header.text("BUNIT") or primary.text("BUNIT")


def _plain_ucd(ucd: str | None) -> str | None:
    """TUCDn without what tells the main one of several fluxes."""
    words = [word for word in (ucd or "").replace(" ", "").split(";") if word]
    words = [word for word in words if word.lower() != "meta.main"]
    return ";".join(words) if words and words[0].lower().startswith(("phot", "arith")) else None
