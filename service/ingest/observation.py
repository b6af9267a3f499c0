"""What every layout may tell of an observation: target, telescope, position, times, proposal."""

import re
from dataclasses import replace

from service.ingest import sky, times
from service.ingest.facts import DatasetFacts, Spectrum
from service.ingest.header import Header
from service.ingest.sky import circle_vertices
from service.ingest.units import observable_ucd
from service.ingest.wavelength import Coverage

_ARCSECONDS = 3600.0
_CALIB_STATUS = {"ABSOLUTE": "absolute", "UNCALIBRATED": "uncalibrated"}
STOKES = {1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR"}
STOKES |= {-5: "XX", -6: "YY", -7: "XY", -8: "YX"}
_PROCTYPE_LEVELS = {"RAW": 1, "INSTCAL": 2, "MASTERCAL": 2, "SKYSUB": 2, "RESAMPLED": 2}
_PROCTYPE_LEVELS |= {"STACKED": 3, "TILE": 3}


def _first(headers: tuple[Header, ...], *keywords: str) -> str | None:
    for keyword in keywords:
        for header in headers:
            if (text := header.text(keyword)) is not None:
                return text
    return None


def calib_level(*headers: Header) -> int | None:
    """Calibration level where a convention's card states it: ESO PRODLVL, NOIRLab PROCTYPE."""
    for header in headers:
        level = header.number("PRODLVL")
        if level is not None and level in (0, 1, 2, 3, 4):
            return int(level)
        process = (header.text("PROCTYPE") or "").upper()
        if process in _PROCTYPE_LEVELS:
            return _PROCTYPE_LEVELS[process]
    return None


def observation(dataproduct_type: str, *headers: Header) -> DatasetFacts:
    """Facts common to all layouts, each from the first header that has a card for it.

    `headers`: the dataset's own HDU first, then the primary.
    """
    place = sky.position(*headers)
    title = _first(headers, "TITLE")
    facts = DatasetFacts(
        dataproduct_type,
        calib_level=calib_level(*headers),
        target_name=_first(headers, "OBJECT", "TARGNAME", "OBJNAME", "DESIG", "TARGET", "TARGETID"),
        s_ra=place[0] if place else None,
        s_dec=place[1] if place else None,
        t_min=times.start(*headers),
        t_max=times.end(*headers),
        t_exptime=times.exposure(*headers),
        facility_name=_first(headers, "TELESCOP", "OBSERVAT"),
        instrument_name=_first(headers, "INSTRUME"),
        obs_title=title,
        proposal_id=_proposal(headers),
        bib_reference=_bibcode(_first(headers, "REFERENC")),
        s_snr=next((snr for h in headers if (snr := h.number("SNR")) is not None), None),
        em_res_power=_resolving_power(headers),
        s_resolution=_resolution(headers),
        o_calib_status=_calib_status(headers),
    )
    return _consistent_times(facts)


def _proposal(headers: tuple[Header, ...]) -> str | None:
    """The proposal or programme; PROGRAM only where it is a number, as JWST writes it."""
    text = _first(headers, "PROG_ID", "ESO OBS PROG ID", "PROPOSID", "PROPID", "GTCPROGI")
    if text is None:
        program = _first(headers, "PROGRAM")
        text = program if program is not None and program.isdigit() else None
    return None if text == "MULTI" else text


def _bibcode(text: str | None) -> str | None:
    return text if text and re.fullmatch(r"\d{4}[A-Za-z&.]{5}[\w.]{9}", text) else None


def _resolving_power(headers: tuple[Header, ...]) -> float | None:
    power = next((p for h in headers if (p := h.number("SPEC_RES", "SPECRES"))), None)
    return power if power and power > 1 else None


def _resolution(headers: tuple[Header, ...]) -> float | None:
    """Arcseconds: ESO's PSF_FWHM and SKY_RES, else the beam of a radio map (BMAJ, BMIN, deg)."""
    for header in headers:
        if (fwhm := header.number("PSF_FWHM", "SKY_RES")) and fwhm > 0:
            return fwhm
        major, minor = header.number("BMAJ"), header.number("BMIN")
        if major and minor and major > 0 and minor > 0:
            return _ARCSECONDS * float((major * minor) ** 0.5)
    return None


def _calib_status(headers: tuple[Header, ...]) -> str | None:
    if any(header.flag("CONTNORM") for header in headers):
        return "normalized"
    return _CALIB_STATUS.get((_first(headers, "FLUXCAL") or "").upper())


def _consistent_times(facts: DatasetFacts) -> DatasetFacts:
    """Without an end that lies before the start: one of the two cards is wrong."""
    if facts.t_min is not None and facts.t_max is not None and facts.t_max < facts.t_min:
        return replace(facts, t_max=None)
    return facts


def with_spectrum(
    facts: DatasetFacts,
    covered: Coverage,
    n_points: int | None,
    *,
    flux_unit: str | None = None,
    flux_ucd: str | None = None,
    specsys: str | None = None,
    redshift: float | None = None,
) -> DatasetFacts:
    """The facts with a spectral axis, what lies along it, and SSAP's share of them."""
    flux_ucd = flux_ucd or observable_ucd(flux_unit)
    return replace(
        facts,
        em_min=covered.em_min,
        em_max=covered.em_max,
        em_xel=n_points,
        em_ucd=covered.ucd,
        em_unit=covered.unit,
        o_ucd=flux_ucd,
        o_unit=flux_unit,
        spectrum=Spectrum(
            n_points=n_points,
            wavelength_unit=covered.unit,
            wavelength_ucd=covered.ucd,
            wavelength_medium=covered.medium,
            flux_unit=flux_unit,
            flux_ucd=flux_ucd,
            specsys=specsys,
            snr=facts.s_snr,
            redshift=redshift,
        ),
    )


def with_aperture(facts: DatasetFacts, diameter: float | None) -> DatasetFacts:
    """The facts with a circular aperture of that diameter in degrees around the position."""
    if not diameter or diameter <= 0 or facts.s_ra is None or facts.s_dec is None:
        return facts
    return replace(
        facts,
        s_fov=diameter,
        s_region=f"CIRCLE ICRS {facts.s_ra:.8f} {facts.s_dec:.8f} {diameter / 2:.8g}",
        vertices=circle_vertices(facts.s_ra, facts.s_dec, diameter / 2),
    )


def polarization(header: Header, shape: tuple[int, ...]) -> tuple[str | None, int | None]:
    """pol_states and pol_xel of an axis with CTYPEi = STOKES that is part of the array."""
    for axis, length in enumerate(shape, start=1):
        if (header.text(f"CTYPE{axis}") or "").upper() != "STOKES":
            continue
        start = header.number(f"CRVAL{axis}")
        if start is None:
            return None, length
        reference = header.number(f"CRPIX{axis}") or 1.0
        step = header.number(f"CDELT{axis}", f"CD{axis}_{axis}") or 1.0
        states = [STOKES.get(round(start + (i + 1 - reference) * step)) for i in range(length)]
        if None in states:
            return None, length
        return "/" + "/".join(str(state) for state in states) + "/", length
    return None, None
