"""2dF and AAOmega spectra as 2dfdr writes them: a wavelength axis and a table FIBRES.

RA and DEC of FIBRES, and MEANRA and MEANDEC of the field (degrees), are in the 2dfdr format; those
of the fibres are in radians.
"""

import math
from dataclasses import replace

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile
from service.ingest.observation import observation, with_spectrum
from service.ingest.wavelength import axis_coverage

TAKES = "2dF, AAOmega, HERMES spectra of 2dfdr (EXTNAME = FIBRES)"
_FIELD_DEG = 2.0


def recognise(fits: FitsFile) -> str | None:
    """A spectral first axis beside the fibre table."""
    if fits.hdus[0].is_image and fits.named("FIBRES") is not None:
        return "EXTNAME = FIBRES"
    return None


def read(fits: FitsFile) -> DatasetFacts:
    """One fibre: the object's position; many: the centre of the field."""
    fibres, primary = fits.named("FIBRES"), fits.hdus[0]
    if fibres is None or not primary.shape:
        raise Refusal("no spectra beside a table FIBRES", ("EXTNAME = 'FIBRES'",))
    header = primary.header
    facts = replace(observation("spectrum", header), calib_level=2)
    number = {name: fibres.column_number(name) for name in ("NAME", "RA", "DEC")}
    cells = {name: fibres.column(n) if n else None for name, n in number.items()}
    ra, dec, name = cells["RA"], cells["DEC"], cells["NAME"]
    if fibres.rows == 1 and ra is not None and dec is not None:
        facts = replace(
            facts,
            s_ra=math.degrees(float(ra.ravel()[0])) % 360.0,
            s_dec=math.degrees(float(dec.ravel()[0])),
        )
        if name is not None:
            target = bytes(name.ravel()[0]).decode("latin-1").strip(" \0")
            facts = replace(facts, target_name=target or facts.target_name)
    else:
        facts = replace(
            facts,
            s_ra=header.number("MEANRA"),
            s_dec=header.number("MEANDEC"),
            s_fov=_FIELD_DEG,
        )
    covered = axis_coverage(header, 1, primary.shape[0], header)
    return with_spectrum(
        facts,
        covered,
        primary.shape[0],
        flux_unit=header.text("BUNIT"),
        specsys=header.text("SPECSYS"),
    )
