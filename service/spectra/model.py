"""The Spectral Data Model (IVOA Spectrum 1.2, table 1) of one spectrum, for both forms alike."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.spectra.layout import Spectrum

MODEL = "Spectrum-1.2"
_UCDS = {"wl": "em.wl", "freq": "em.freq", "energy": "em.energy", "wavenumber": "em.wavenumber"}
_NAMES = {"wl": "WAVE", "freq": "FREQ", "energy": "ENER", "wavenumber": "WAVN"}
_WORDS = {"wl": "Wavelength", "freq": "Frequency", "energy": "Energy", "wavenumber": "Wavenumber"}
# FITS SPECSYS (WCS paper III, table 11) as the model writes it.
_FRAMES = {"TOPOCENT": "TOPOCENTER", "BARYCENT": "BARYCENTER", "HELIOCEN": "HELIOCENTER"}
_FRAMES |= {"GEOCENTR": "GEOCENTER", "GALACTOC": "GALACTIC_CENTER", "CMBDIPOL": "CMB"}
_CALIBRATION = {"absolute": "ABSOLUTE", "relative": "RELATIVE", "normalized": "NORMALIZED"}
_CALIBRATION |= {"uncalibrated": "UNCALIBRATED"}
_UNKNOWN = "UNKNOWN"
# Stands for the file's own units where it states none that is known: readers want one.
DATA_UNIT = "adu"


@dataclass(frozen=True, slots=True)
class Origin:
    """The dataset that a spectrum is of, as the archive describes it; None: not known.

    Positions and s_fov in degrees, t_min and t_max in MJD (UTC), t_exptime in seconds.
    """

    file_id: int
    path: str
    sha256: str
    publisher: str
    publisher_id: str
    publisher_did: str
    collection: str
    title: str | None = None
    target: str | None = None
    target_class: str | None = None
    ra: float | None = None
    dec: float | None = None
    fov: float | None = None
    t_min: float | None = None
    t_max: float | None = None
    exposure: float | None = None
    facility: str | None = None
    instrument: str | None = None
    creator: str | None = None
    creator_did: str | None = None
    reference: str | None = None
    rights: str | None = None
    calibration: str | None = None
    resolving_power: float | None = None
    snr: float | None = None
    redshift: float | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One scalar of the model: `utype` below Spectrum., `card` its FITS keyword ("" for none)."""

    utype: str
    value: str | float | int
    card: str = ""
    unit: str | None = None
    ucd: str | None = None
    comment: str = ""

    @property
    def group(self) -> str:
        """The object of the model that it belongs to."""
        return self.utype.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Column:
    """One array of the model, a value a point."""

    name: str
    values: NDArray[Any]
    utype: str
    ucd: str
    unit: str | None
    description: str


def columns_of(spectrum: Spectrum) -> list[Column]:
    """The arrays of the model that this spectrum has."""
    flux_unit, flux_ucd = _flux(spectrum)
    columns = [
        _axis(spectrum),
        Column(
            "FLUX",
            spectrum.flux,
            "Data.FluxAxis.Value",
            flux_ucd,
            flux_unit,
            "Flux" if spectrum.flux_unit else "Flux in the file's own units",
        ),
    ]
    if spectrum.error is not None:
        columns.append(
            Column(
                "ERR",
                spectrum.error,
                "Data.FluxAxis.Accuracy.StatError",
                f"stat.error;{flux_ucd}",
                flux_unit,
                "One standard deviation of the flux",
            )
        )
    if spectrum.quality is not None:
        columns.append(
            Column(
                "QUALITY",
                spectrum.quality,
                "Data.FluxAxis.Quality",
                "meta.code.qual",
                None,
                "The file's own flags of the point; 0: good",
            )
        )
    if spectrum.order is not None:
        columns.append(
            Column(
                "RELORDER",
                spectrum.order,
                "Data.SpectralAxis.RelOrder",
                "instr.order",
                None,
                "Order, arm or segment of the point, counted as they lie in the file",
            )
        )
    return columns


def _axis(spectrum: Spectrum) -> Column:
    ucd, words = _UCDS[spectrum.kind], _WORDS[spectrum.kind]
    if spectrum.kind == "wl":
        ucd += ";obs.atmos" if spectrum.medium == "air" else ""
        known = spectrum.medium != "unknown"
        words += f", in {spectrum.medium}" if known else ", in air or in vacuum (not known)"
    return Column(
        _NAMES[spectrum.kind],
        spectrum.wavelength,
        "Data.SpectralAxis.Value",
        ucd,
        spectrum.unit,
        words,
    )


def _flux(spectrum: Spectrum) -> tuple[str, str]:
    """Unit and UCD of the flux; data units, uncalibrated, where the file states no known one."""
    if spectrum.flux_unit is not None:
        return spectrum.flux_unit, spectrum.flux_ucd
    return DATA_UNIT, f"phot.flux.density;{_UCDS[spectrum.kind]};stat.uncalib"


def facts_of(spectrum: Spectrum, origin: Origin) -> list[Fact]:
    """The scalars of the model: what is mandatory always, the others where they are known."""
    facts = [
        *_dataset(spectrum),
        *_target(spectrum, origin),
        *_frames(spectrum),
        *_space_and_time(spectrum, origin),
        *_axes(spectrum, origin),
        *_identity(spectrum, origin),
    ]
    return [fact for fact in facts if fact.value != ""]


def title_of(spectrum: Spectrum, origin: Origin) -> str:
    """What the dataset is called, with what tells this spectrum from others of its file."""
    made = " ".join(word for word in (origin.target, origin.instrument) if word)
    title = origin.title or made or origin.path.rsplit("/", 1)[-1]
    return f"{title}, {spectrum.label}" if spectrum.label else title


def _dataset(spectrum: Spectrum) -> Iterator[Fact]:
    yield Fact("DataModel", MODEL, "VOCLASS", comment="data model")
    yield Fact("Type", "Spectrum", "VOSEGT", comment="kind of segment")
    yield Fact("Length", len(spectrum), "DATALEN", ucd="meta.number", comment="points")


def _target(spectrum: Spectrum, origin: Origin) -> Iterator[Fact]:
    name = spectrum.target or origin.target or _UNKNOWN
    yield Fact("Target.Name", name, "OBJECT", ucd="meta.id;src")
    yield Fact("Target.Class", origin.target_class or "", "SRCCLASS", ucd="src.class")
    if origin.redshift is not None:
        yield Fact("Target.Redshift", origin.redshift, "REDSHIFT", ucd="src.redshift")
    if origin.snr is not None:
        yield Fact("Derived.SNR", origin.snr, "DER_SNR", ucd="stat.snr")


def _frames(spectrum: Spectrum) -> Iterator[Fact]:
    yield Fact("CoordSys.SpaceFrame.Name", "ICRS", "RADESYS")
    yield Fact("CoordSys.TimeFrame.Name", "UTC", "TIMESYS", ucd="time.scale")
    if spectrum.kind == "wl":
        yield Fact("", spectrum.medium, "AIRORVAC", comment="medium of the wavelengths")
    if spectrum.specsys:
        word = spectrum.specsys.upper()
        yield Fact("CoordSys.SpectralFrame.RefPos", _FRAMES.get(word, word), "")
        yield Fact("", spectrum.specsys, "SPECSYS")


def _space_and_time(spectrum: Spectrum, origin: Origin) -> Iterator[Fact]:
    ra, dec = spectrum.position or (origin.ra, origin.dec)
    place = "Char.SpatialAxis.Coverage"
    position = "NaN NaN" if ra is None or dec is None else f"{ra!r} {dec!r}"
    yield Fact(f"{place}.Location.Value", position, "", "deg", "pos.eq")
    yield Fact("", _number(ra), "RA", "deg")
    yield Fact("", _number(dec), "DEC", "deg")
    fov = None if spectrum.position else origin.fov
    yield Fact(f"{place}.Bounds.Extent", _number(fov), "APERTURE", "deg", "phys.angSize;instr.fov")
    time = "Char.TimeAxis.Coverage"
    start, stop = origin.t_min, origin.t_max
    if start is not None and stop is None and origin.exposure is not None:
        stop = start + origin.exposure / 86400.0
    known = start is not None and stop is not None
    middle = (start + stop) / 2 if start is not None and stop is not None else start
    elapsed = (stop - start) * 86400.0 if start is not None and stop is not None else None
    yield Fact(f"{time}.Location.Value", _number(middle), "TMID", "d", "time.epoch;obs")
    yield Fact(f"{time}.Bounds.Extent", _number(elapsed), "TELAPSE", "s", "time.duration;obs")
    if known:
        yield Fact(f"{time}.Bounds.Start", _number(start), "TSTART", "d", "time.start;obs.exposure")
        yield Fact(f"{time}.Bounds.Stop", _number(stop), "TSTOP", "d", "time.end;obs.exposure")
    if origin.exposure is not None:
        ucd = "time.duration;obs.exposure"
        yield Fact(f"{time}.Support.Extent", origin.exposure, "EXPOSURE", "s", ucd)


def _axes(spectrum: Spectrum, origin: Origin) -> Iterator[Fact]:
    axis, em = "Char.SpectralAxis", _UCDS[spectrum.kind]
    low, high = float(spectrum.wavelength[0]), float(spectrum.wavelength[-1])
    unit = spectrum.unit
    yield Fact(f"{axis}.Name", _WORDS[spectrum.kind])
    yield Fact(f"{axis}.Ucd", columns_of(spectrum)[0].ucd, ucd="meta.ucd")
    yield Fact(f"{axis}.Unit", unit, ucd="meta.unit")
    cover = f"{axis}.Coverage"
    band = f"{em};instr.bandpass"
    yield Fact(f"{cover}.Location.Value", (low + high) / 2, "SPEC_VAL", unit, band)
    yield Fact(f"{cover}.Bounds.Extent", high - low, "SPEC_BW", unit, "instr.bandwidth")
    yield Fact(f"{cover}.Bounds.Start", low, "TDMIN1", unit, f"{em};stat.min")
    yield Fact(f"{cover}.Bounds.Stop", high, "TDMAX1", unit, f"{em};stat.max")
    if origin.resolving_power is not None:
        yield Fact(f"{axis}.ResPower", origin.resolving_power, "SPEC_RP", ucd="spect.resolution")
    yield Fact("Char.FluxAxis.Name", "Flux")
    flux_unit, flux_ucd = _flux(spectrum)
    yield Fact("Char.FluxAxis.Ucd", flux_ucd, ucd="meta.ucd")
    yield Fact("Char.FluxAxis.Unit", flux_unit, ucd="meta.unit")
    status = _CALIBRATION.get(origin.calibration or "", "")
    if spectrum.flux_unit is None and not status:
        status = "UNCALIBRATED"
    yield Fact("Char.FluxAxis.Calibration", status, "FLUX_CAL", ucd="meta.code.qual")


def _identity(spectrum: Spectrum, origin: Origin) -> Iterator[Fact]:
    instrument = " ".join(word for word in (origin.facility, origin.instrument) if word)
    yield Fact("DataID.Title", title_of(spectrum, origin), "TITLE", ucd="meta.title;meta.dataset")
    yield Fact("DataID.Creator", origin.creator or "", "AUTHOR")
    yield Fact("DataID.Collection", origin.collection, "COLLECT1")
    yield Fact("DataID.DatasetID", origin.publisher_did, "DS_IDENT", ucd="meta.id;meta.dataset")
    yield Fact("DataID.CreatorDID", origin.creator_did or "", "CR_IDENT", ucd="meta.id")
    yield Fact("DataID.Instrument", instrument, "INSTRUME", ucd="meta.id;instr")
    yield Fact("DataID.CreationType", "derived", "CRETYPE", comment="converted from its file")
    yield Fact("Curation.Publisher", origin.publisher, "VOPUB", ucd="meta.curation")
    ivoid = "meta.ref.ivoid;meta.curation"
    yield Fact("Curation.PublisherID", origin.publisher_id, "VOPUBID", ucd=ivoid)
    yield Fact("Curation.PublisherDID", origin.publisher_did, "DS_IDPUB", ucd=ivoid)
    yield Fact("Curation.Rights", origin.rights or "", "VORIGHTS")
    yield Fact("Curation.Reference", origin.reference or "", "VOREF", ucd="meta.bib.bibcode")


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def packed(columns: list[Column], lead: bool = False) -> NDArray[np.void]:
    """The columns as rows of big-endian values, as FITS and BINARY2 have them.

    `lead`: one byte of zeros before each row, BINARY2's flags: no value is NULL (NaN is a value).
    """
    fields = [(column.name, column.values.dtype.newbyteorder(">")) for column in columns]
    kinds = [("flags", np.dtype("u1")), *fields] if lead else fields
    rows = np.zeros(len(columns[0].values), dtype=kinds)
    for column in columns:
        rows[column.name] = column.values
    return rows
