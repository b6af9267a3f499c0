"""Spectra in images whose wavelengths are an image too: by name, by XIDL's order, DESI's arms."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from service.ingest.fits import FitsFile, Hdu
from service.ingest.readers.image_set import named_waves, xidl_wave
from service.ingest.units import spectral_unit
from service.ingest.wavelength import declared_medium
from service.spectra.arrays import column, image
from service.spectra.companions import find_error, find_flags
from service.spectra.layout import NotConvertible, Spectrum
from service.spectra.pieces import Described, Piece, Values, sigma, spectra_of, spectrum_of

_FLUX_WORDS = ("FLUX", "SPEC", "SCIDATA", "SPECTRUM", "SCI", "DATA", "COUNTS")
_WAVE_WORDS = ("WAVL", "WAVELENGTH", "WAVEDATA", "WAVE", "LAMBDA")
_MOST_SPECTRA = 1000


def image_set_spectra(fits: FitsFile) -> tuple[Spectrum, ...]:
    """The science spectrum of a set of images: its orders, or its lines where they are spectra."""
    waves = named_waves(fits)
    if not waves:
        return _xidl(fits)
    science = [wave for wave in waves if wave.name.startswith("SCI")]
    vacuum = [wave for wave in waves if "VAC" in wave.name]
    wave = (science or vacuum or waves)[0]
    flux = _flux_of(fits, wave)
    names = [hdu.name if _fits_beside(hdu, flux) else "" for hdu in fits.hdus]
    rows = _rows(fits, wave, flux, names)
    medium = declared_medium(wave.header, fits.primary)
    if medium is None:
        medium = "vacuum" if "VAC" in wave.name else "air" if "AIR" in wave.name else None
    said = Described(
        place=f"the image {wave.name} (HDU {wave.index})",
        unit=spectral_unit(wave.header.text("BUNIT", "CUNIT1")),
        medium=medium,
        flux_unit=flux.header.text("BUNIT") or fits.primary.text("BUNIT"),
        specsys=fits.primary.text("SPECSYS") or wave.header.text("SPECSYS"),
    )
    if len(wave.shape) > 1 and wave.shape[1] > 1:
        return (spectrum_of(rows, said),)
    return spectra_of(rows, said, [f"line {i + 1}" for i in range(len(rows))])


def _flux_of(fits: FitsFile, wave: Hdu) -> Hdu:
    """The flux of a wavelength image: of its name with another word, else the first that fits."""
    fitting = [hdu for hdu in fits.images if hdu is not wave and _fits_beside(wave, hdu)]
    for word in _WAVE_WORDS:
        for flux_word in _FLUX_WORDS:
            wanted = wave.name.replace(word, flux_word)
            if wanted != wave.name and (found := _named(fitting, wanted)) is not None:
                return found
    for flux_word in _FLUX_WORDS:
        if (found := _named(fitting, flux_word)) is not None:
            return found
    others = [hdu for hdu in fitting if hdu not in named_waves(fits)]
    if not others:
        raise NotConvertible(f"no image has the length of the wavelengths {wave.name}")
    return others[0]


def _named(hdus: Sequence[Hdu], name: str) -> Hdu | None:
    return next((hdu for hdu in hdus if hdu.name == name), None)


def _fits_beside(hdu: Hdu, flux: Hdu) -> bool:
    """Whether an image is of the flux's shape, or one line for all of its lines."""
    if not hdu.is_image or not flux.is_image:
        return False
    return hdu.shape == flux.shape or (
        hdu.shape[0] == flux.shape[0] and int(np.prod(hdu.shape)) == hdu.shape[0]
    )


def _rows(fits: FitsFile, wave: Hdu, flux: Hdu, names: list[str]) -> list[Piece]:
    """Line by line: wavelengths, flux, and what the names say of errors and flags."""
    values = image(flux).reshape(-1, flux.shape[0])
    if len(values) > _MOST_SPECTRA:
        raise NotConvertible(
            f"HDU {flux.index} holds {len(values)} lines; files of up to {_MOST_SPECTRA} spectra "
            "are converted"
        )
    waves = np.broadcast_to(image(wave).reshape(-1, wave.shape[0]), values.shape)
    found, flags = find_error(flux.index, names), find_flags(flux.index, names)
    error = None
    if found is not None:
        error = sigma(_beside(fits.hdus[found[0]], values), found[1])
    masks = None if flags is None else _beside(fits.hdus[flags], values)
    return [
        Piece(
            waves[i],
            values[i],
            None if error is None else error[i],
            None if masks is None else masks[i],
        )
        for i in range(len(values))
    ]


def _beside(hdu: Hdu, values: Values) -> Values:
    return np.broadcast_to(image(hdu).reshape(-1, values.shape[1]), values.shape)


def _xidl(fits: FitsFile) -> tuple[Spectrum, ...]:
    """Flux, sigma, wavelength in HDU 0, 1, 2; XIDL and linetools write Angstrom in vacuum."""
    wave = xidl_wave(fits)
    if wave is None:
        raise NotConvertible("no image holds wavelengths")
    unit = spectral_unit(wave.header.text("BUNIT", "CUNIT1"))
    notes = () if unit else ("HDU 0, 1, 2 are flux, sigma and wavelength in Angstrom, as XIDL's",)
    said = Described(
        place="the image in HDU 2",
        unit=unit or spectral_unit("Angstrom"),
        medium=declared_medium(wave.header, fits.primary),
        flux_unit=fits.primary.text("BUNIT"),
        specsys=fits.primary.text("SPECSYS"),
        notes=notes,
    )
    flux, error = image(fits.hdus[0]), image(fits.hdus[1])
    known = np.where(error > 0, error, np.nan)
    return (spectrum_of([Piece(image(wave), flux, known)], said),)


def desi_spectra(fits: FitsFile) -> tuple[Spectrum, ...]:
    """A spectrum a line of the fibre map, its arms as orders; in vacuum by the DESI data model."""
    fibres = fits.named("FIBERMAP")
    waves = [hdu for hdu in fits.images if hdu.name.endswith("_WAVELENGTH")]
    fluxes = [fits.named(wave.name.replace("WAVELENGTH", "FLUX")) for wave in waves]
    arms = [(wave, flux) for wave, flux in zip(waves, fluxes, strict=True) if flux is not None]
    if fibres is None or not arms:
        raise NotConvertible("no arm has both a _WAVELENGTH and a _FLUX image")
    names = [hdu.name for hdu in fits.hdus]
    lines = [_rows(fits, wave, flux, names) for wave, flux in arms]
    if len({len(rows) for rows in lines}) != 1:
        raise NotConvertible("the arms hold different numbers of spectra")
    wave, flux = arms[0]
    said = Described(
        place=f"the image {wave.name} (HDU {wave.index})",
        unit=spectral_unit(wave.header.text("BUNIT")) or spectral_unit("Angstrom"),
        medium="vacuum",
        flux_unit=flux.header.text("BUNIT"),
    )
    targets = _cells(fibres, "TARGETID", len(lines[0]))
    ra, dec = (_cells(fibres, name, len(lines[0])) for name in ("TARGET_RA", "TARGET_DEC"))
    spectra = []
    for i in range(len(lines[0])):
        name = None if targets is None else str(int(targets[i]))
        spectrum = spectrum_of([rows[i] for rows in lines], said, name or f"line {i + 1}")
        place = None if ra is None or dec is None else (float(ra[i]), float(dec[i]))
        spectra.append(replace(spectrum, target=name, position=place))
    return tuple(spectra)


def _cells(fibres: Hdu, name: str, count: int) -> Values | None:
    number = fibres.column_number(name)
    if number is None or fibres.rows != count:
        return None
    return column(fibres, number)[:, 0]
