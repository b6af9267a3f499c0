"""A spectrum in another spectral unit, its wavelengths in air or in vacuum; fluxes stay."""

from dataclasses import replace
from typing import cast

import numpy as np
from astropy import units
from numpy.typing import NDArray

from service.errors import UsageError
from service.ingest.wavelength import air_from_vacuum, vacuum_from_air
from service.spectra.forms import UNITS, WantedMedium
from service.spectra.layout import NotConvertible, Spectrum

_FORMULA = "by the dispersion of standard air of Morton (2000, ApJS 130, 403), above 200 nm alone"


def convert(spectrum: Spectrum, medium: WantedMedium | None, unit: str | None) -> Spectrum:
    """The spectrum with its axis in `unit` and, where that is a wavelength, in `medium`.

    None leaves the one or the other as it is. Frequencies and energies are those of the vacuum
    wavelengths. Points are turned round where the new axis would descend. NotConvertible where the
    file does not say which medium its wavelengths are in; UsageError for frequencies in air.
    """
    wanted_unit = unit or spectrum.unit
    kind = UNITS[unit] if unit else spectrum.kind
    if medium == "air" and kind != "wl":
        raise UsageError("MEDIUM=air is for wavelengths: add UNIT=Angstrom, nm, um or m")
    wanted = medium or (spectrum.medium if kind == "wl" else "vacuum")
    notes = list(spectrum.notes)
    axis = spectrum.wavelength
    if spectrum.kind == "wl" and wanted != spectrum.medium:
        if spectrum.medium == "unknown" and medium is not None and kind == "wl":
            raise NotConvertible(
                "the file does not say whether its wavelengths are in air or in vacuum; the "
                "publisher can say it by AIRORVAC = 'air' or 'vacuum' under [header] in "
                "collection.toml"
            )
        if spectrum.medium == "unknown":
            notes.append(f"the medium of the wavelengths is unknown; {unit} takes it for vacuum")
        else:
            axis = _in_medium(axis, spectrum.unit, wanted)
            notes.append(f"wavelengths are changed from {spectrum.medium} to {wanted} {_FORMULA}")
    if wanted_unit != spectrum.unit:
        axis = _in_unit(axis, spectrum.unit, wanted_unit)
        notes.append(f"the spectral axis is changed from {spectrum.unit} to {wanted_unit}")
        if spectrum.kind != "wl" and wanted == "air":
            axis = _in_medium(axis, wanted_unit, "air")
            notes.append(f"wavelengths are changed from vacuum to air {_FORMULA}")
    changed = replace(
        spectrum,
        wavelength=axis,
        unit=wanted_unit,
        kind=kind,
        medium=wanted,
        notes=tuple(notes),
    )
    descends = len(axis) > 1 and axis[0] > axis[-1]
    return points_of(changed, slice(None, None, -1)) if descends else changed


def vacuum_metres(spectrum: Spectrum) -> NDArray[np.float64]:
    """The vacuum wavelength of each point in metres; an unknown medium is taken for vacuum."""
    metres = _in_unit(spectrum.wavelength, spectrum.unit, "m")
    return vacuum_from_air(metres) if spectrum.kind == "wl" and spectrum.medium == "air" else metres


def points_of(spectrum: Spectrum, wanted: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Spectrum:
    """The spectrum of some of its points."""
    taken = {
        name: None if values is None else values[wanted]
        for name, values in (
            ("wavelength", spectrum.wavelength),
            ("flux", spectrum.flux),
            ("error", spectrum.error),
            ("quality", spectrum.quality),
            ("order", spectrum.order),
        )
    }
    return replace(spectrum, **taken)  # type: ignore[arg-type]  # each of its own array's type


def _in_medium(axis: NDArray[np.float64], unit: str, medium: str) -> NDArray[np.float64]:
    scale = float(units.Unit(unit).to(units.m))
    turn = vacuum_from_air if medium == "vacuum" else air_from_vacuum
    return turn(axis * scale) / scale


def _in_unit(axis: NDArray[np.float64], given: str, wanted: str) -> NDArray[np.float64]:
    quantity = axis * units.Unit(given)
    return cast(NDArray[np.float64], quantity.to_value(wanted, equivalencies=units.spectral()))
