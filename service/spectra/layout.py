"""The one layout: arrays of one length along an ascending spectral axis, and what they are in."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.errors import StarhaulError

Medium: TypeAlias = Literal["vacuum", "air", "unknown"]
Kind: TypeAlias = Literal["wl", "freq", "energy", "wavenumber"]


class NotConvertible(StarhaulError):
    """The file holds no spectrum that can be told apart; the message says where it fails."""

    status = 422
    title = "Not convertible"


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One spectrum, n points.

    `wavelength`: float64, (n,), ascending, in `unit` (Angstrom, nm, um, MHz, keV, cm-1, ...), of
    the `kind` that the UCD word em.* names. `medium` is that of a wavelength; frequencies,
    energies and wavenumbers are those of vacuum. `flux`: float32 or float64, (n,), NaN where there
    is none; `flux_unit` as FITS 4.0 §4.3 writes it, None where the file states none that is known
    (`flux_unit_written` is its own text). `error`: one standard deviation in the flux's unit, NaN
    where it is not known. `quality`: the file's own flags, integers. `order`: which echelle order,
    arm, chip or segment a point is of, counted from 1 as they lie in the file; within one the
    wavelengths ascend, orders may overlap.
    `label` tells several spectra of one file apart; `target` and `position` (ra, dec in degrees)
    are set where the file holds several targets. `specsys` as FITS has it. `notes`: what reading
    changed or took for granted, a sentence each.
    """

    wavelength: NDArray[np.float64]
    unit: str
    kind: Kind
    medium: Medium
    flux: NDArray[np.floating[Any]]
    flux_unit: str | None
    flux_ucd: str
    flux_unit_written: str | None = None
    error: NDArray[np.floating[Any]] | None = None
    quality: NDArray[np.integer[Any]] | None = None
    order: NDArray[np.int32] | None = None
    label: str | None = None
    target: str | None = None
    position: tuple[float, float] | None = None
    specsys: str | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.wavelength.size)
