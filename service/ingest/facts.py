"""What a reader learns of one file: the ObsCore columns, and what SSAP will need of a spectrum."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Facts of a spectrum beside ObsCore; None where the file does not say."""

    n_points: int | None = None
    wavelength_unit: str | None = None
    wavelength_ucd: str | None = None
    wavelength_medium: str | None = None  # "air" or "vacuum"
    flux_unit: str | None = None
    flux_ucd: str | None = None
    specsys: str | None = None
    snr: float | None = None
    redshift: float | None = None


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """The columns of ObsCore 1.1 (§3, §4) that a file can tell, in ObsCore's units.

    Positions in degrees, ICRS; s_resolution in arcseconds; times in MJD (UTC) and seconds;
    wavelengths in metres, in vacuum where the file says which medium it uses. `vertices` are
    ra, dec, ra, dec, ... of s_region. None: the file does not say.
    """

    dataproduct_type: str
    calib_level: int | None = None
    obs_collection: str | None = None
    target_name: str | None = None
    s_ra: float | None = None
    s_dec: float | None = None
    s_fov: float | None = None
    s_region: str | None = None
    s_resolution: float | None = None
    s_xel1: int | None = None
    s_xel2: int | None = None
    t_min: float | None = None
    t_max: float | None = None
    t_exptime: float | None = None
    t_resolution: float | None = None
    t_xel: int | None = None
    em_min: float | None = None
    em_max: float | None = None
    em_res_power: float | None = None
    em_xel: int | None = None
    o_ucd: str | None = None
    pol_states: str | None = None
    pol_xel: int | None = None
    facility_name: str | None = None
    instrument_name: str | None = None
    dataproduct_subtype: str | None = None
    target_class: str | None = None
    obs_title: str | None = None
    obs_creator_name: str | None = None
    obs_creator_did: str | None = None
    bib_reference: str | None = None
    data_rights: str | None = None
    s_pixel_scale: float | None = None
    em_ucd: str | None = None
    em_unit: str | None = None
    o_unit: str | None = None
    o_calib_status: str | None = None
    proposal_id: str | None = None
    s_snr: float | None = None
    vertices: tuple[float, ...] | None = None
    spectrum: Spectrum | None = None


class Refusal(Exception):
    """The file cannot be taken in; the message says why and which header cards would help."""

    def __init__(self, reason: str, cards: tuple[str, ...] = ()) -> None:
        help_ = f"; header cards that would help: {', '.join(cards)}" if cards else ""
        super().__init__(reason + help_)
        self.reason = reason
        self.cards = cards
