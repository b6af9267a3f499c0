"""The parameters of /ssap in words, for FORMAT=METADATA, capabilities and OpenAPI."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.results.groups import Param
from service.ssap.bands import NAMES
from service.ssap.columns import COLUMNS
from service.ssap.formats import FITS, VOTABLE, WORDS
from service.ssap.places import DEFAULT_SIZE
from service.ssap.request import VERSION


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter: `default` is what stands for it where it is absent; `options` its values where
    they can be listed."""

    name: str
    description: str
    datatype: str = "char"
    unit: str | None = None
    ucd: str | None = None
    default: str = ""
    options: tuple[str, ...] = ()
    required: bool = False


_RANGE = "low/high, low/ or /high"
INPUTS: tuple[Input, ...] = (
    Input(
        "REQUEST", "The operation", default="queryData", options=("queryData",), required=True
    ),
    Input("VERSION", "Version of SSAP", default=VERSION, options=("1.0", VERSION)),
    Input(
        "POS",
        "Centre of the search: longitude,latitude in degrees; ICRS, or another frame as in "
        "289.95,64.36;GALACTIC",
        ucd="pos.eq",
    ),
    Input(
        "SIZE", "Diameter of the search", "double", "deg", "phys.angSize", str(DEFAULT_SIZE)
    ),
    Input(
        "BAND",
        f"Wavelengths in vacuum, in metres: a value, {_RANGE}, a name, or a list of these by "
        "commas; with ;source they are those of the rest frame of the object",
        ucd="em.wl",
        default="ALL",
        options=NAMES,
    ),
    Input(
        "TIME",
        f"Times of observation, UTC: yyyy, yyyy-mm, yyyy-mm-dd or yyyy-mm-ddThh:mm:ss, {_RANGE}, "
        "or a list of these by commas",
        ucd="time.epoch",
    ),
    Input(
        "FORMAT",
        "Formats of the spectra: a list of media types and words by commas. compliant: those that "
        "follow the Spectral Data Model; native: files as they came; graphic: plots",
        ucd="meta.code.mime",
        default="all",
        options=(*WORDS, VOTABLE, FITS),
    ),
    Input("SPECRP", "Least spectral resolving power", "double", None, "spect.resolution"),
    Input("SPATRES", "Coarsest angular resolution", "double", "deg", "pos.angResolution"),
    Input("TIMERES", "Coarsest time resolution", "double", "s", "time.resolution"),
    Input("SNR", "Least signal-to-noise ratio", "double", None, "stat.snr"),
    Input("REDSHIFT", f"Redshift: {_RANGE}", ucd="src.redshift"),
    Input("TARGETNAME", "Name of the object; blanks, underscores, case aside", ucd="meta.id;src"),
    Input("TARGETCLASS", "Classes of objects: a list by commas", ucd="src.class"),
    Input(
        "FLUXCALIB",
        "Least calibration of the flux",
        ucd="meta.code.qual",
        default="any",
        options=("any", "absolute", "relative", "normalized"),
    ),
    Input(
        "WAVECALIB",
        "Least calibration of the wavelengths",
        ucd="meta.code.qual",
        default="any",
        options=("any", "absolute", "relative"),
    ),
    Input("PUBDID", "obs_publisher_did of a dataset", ucd="meta.ref.ivoid"),
    Input("CREATORDID", "Identifier given by the creator", ucd="meta.id"),
    Input("COLLECTION", "Name of a collection, or part of one", ucd="meta.id"),
    Input("TOP", "The best rows, so many", "int", None, "meta.number"),
    Input("MAXREC", "Rows at most; 0 for the columns alone", "int", None, "meta.number"),
    Input("MTIME", f"When datasets were taken in or taken out: {_RANGE}", ucd="time.processing"),
    Input("COMPRESS", "Whether files may come compressed", default="false", ucd="meta.code",
          options=("true", "false")),
    Input("RUNID", "Repeated in the answer", ucd="meta.id"),
    Input("APERTURE", "Accepted and not used: nothing is extracted", "double", "deg",
          "phys.angSize"),
    Input("VARAMPL", "Accepted and not used: no variability is known here"),
)  # fmt: skip


def described() -> Iterator[Param]:
    """Inputs, then columns of the answer, as FORMAT=METADATA lists them (SSAP 1.1 §6.2)."""
    for each in INPUTS:
        yield Param(
            f"INPUT:{each.name}",
            each.default or _NOTHING.get(each.datatype, ""),
            datatype=each.datatype,
            unit=each.unit,
            ucd=each.ucd,
            description=each.description,
            options=each.options,
        )
    for column in COLUMNS:
        meta = column.meta
        kind = "char" if meta.datatype == "unicodeChar" else meta.datatype
        yield Param(
            f"OUTPUT:{meta.name}",
            "",
            meta.utype,
            datatype=kind,
            unit=meta.unit,
            ucd=meta.ucd,
            description=meta.description,
            arraysize=meta.arraysize,
        )


# A PARAM needs a value, which a number that is absent has none of (VOTable 1.4 §4.1).
_NOTHING = {"double": "NaN"}
