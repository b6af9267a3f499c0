"""Cutting spectra that lie in a directory."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.cutouts.product import Product, Source
from service.cutouts.spectra import Form, cut_spectrum
from service.cutouts.wanted import Interval, Wanted
from service.ingest.fits import Bytes, open_fits, unpack
from service.spectra.conversion import points_of, vacuum_metres
from service.spectra.layout import Spectrum
from service.spectra.model import Origin
from service.spectra.reading import read_spectra
from service.storage.local import LocalStore, state_of

ORIGIN = Origin(
    file_id=1,
    path="a.fits",
    sha256="0" * 64,
    publisher="Test archive",
    publisher_id="ivo://x-unregistered/test",
    publisher_did="ivo://x-unregistered/test?a",
    collection="REAL",
    ra=10.0,
    dec=20.0,
    fov=0.001,
)


@dataclass(frozen=True)
class Cut:
    """A product and its bytes."""

    product: Product
    content: bytes


def cut(
    path: Path,
    wanted: Wanted,
    form: Form = "native",
    reader: str | None = None,
    origin: Origin = ORIGIN,
    **known: object,
) -> Cut:
    """A product of the file at `path`."""
    state = state_of(path.stat())
    with LocalStore(str(path.parent)).open_listed(path.name, state) as file:
        source = Source(
            file,
            path.name,
            origin.publisher_did,
            reader=reader,
            **known,  # type: ignore[arg-type]  # fields of Source
        )
        product = cut_spectrum(source, wanted, form, origin)
        content = b"".join(product.pieces)
    assert len(content) == product.size
    return Cut(product, content)


def read(content: bytes, reader: str | None) -> tuple[Spectrum, ...]:
    """The spectra in the bytes of a FITS file."""
    return read_spectra(open_fits("a.fits", Bytes(unpack(content))), reader)


def within(spectra: tuple[Spectrum, ...], band: Interval) -> list[Spectrum]:
    """The points of spectra in an interval; a spectrum without any is left out."""
    found = []
    for spectrum in spectra:
        metres = vacuum_metres(spectrum)
        inside = (metres >= band[0]) & (metres <= band[1])
        if inside.any():
            found.append(points_of(spectrum, inside))
    return found


def assert_same(spectra: list[Spectrum], expected: list[Spectrum]) -> None:
    """Points, values and flags are the same, wavelengths to the last digits of their cards."""
    assert len(spectra) == len(expected)
    for one, other in zip(spectra, expected, strict=True):
        assert (one.unit, one.medium, one.flux_unit) == (other.unit, other.medium, other.flux_unit)
        assert len(one) == len(other)
        np.testing.assert_allclose(one.wavelength, other.wavelength, rtol=1e-12, atol=0)
        np.testing.assert_array_equal(one.flux, other.flux)
        for name in ("error", "quality"):
            ours, theirs = getattr(one, name), getattr(other, name)
            if ours is None or theirs is None:  # of no point it is known
                rest = theirs if ours is None else ours
                assert rest is None or not np.isfinite(rest).any()
            else:
                np.testing.assert_array_equal(ours, theirs)
