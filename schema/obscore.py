"""The columns of ivoa.obscore as TAP_SCHEMA declares them (ObsCore 1.1 tables 6 to 8).

One row a column: name, PostgreSQL type, unit, utype (without its `obscore:`), UCD, description.
`MANDATORY` are the columns that every ObsTAP table has; `OPTIONAL` the ones of the standard this
archive fills; `OWN` are not in the standard.
"""

from dataclasses import dataclass
from itertools import chain

from adql.columns import ColumnMeta

TABLE_UTYPE = "ivo://ivoa.net/std/obscore#table-1.1"
# access_format of a dataset whose access_url is its list of links (DataLink 1.1 §3.1).
LINKS_MEDIA_TYPE = "application/x-votable+xml;content=datalink"

_VOTABLE_TYPE = {
    "text": ("unicodeChar", "*", None),
    "smallint": ("short", None, None),
    "integer": ("int", None, None),
    "bigint": ("long", None, None),
    "double precision": ("double", None, None),
    "timestamp": ("char", "*", "timestamp"),
}
# What cannot hold anything but ASCII: words of vocabularies, URLs, and what is made here.
_ASCII = {
    "dataproduct_type", "obs_publisher_did", "access_url", "access_format", "s_region", "o_ucd",
    "pol_states", "publisher_id", "em_ucd",
}  # fmt: skip
_INDEXED = {"obs_publisher_did", "obs_id", "s_ra", "s_dec", "s_region", "target_name", "t_min"}
_PRINCIPAL_OPTIONAL = {"obs_title", "s_snr"}


@dataclass(frozen=True, slots=True)
class ObsCoreColumn:
    """A column with what TAP_SCHEMA.columns says of it."""

    meta: ColumnMeta
    sql_type: str
    indexed: bool
    principal: bool
    std: bool


_AXIS = "Char.SpatialAxis"
_SPEC = "Char.SpectralAxis"
_TIME = "Char.TimeAxis"

_Row = tuple[str, str, str | None, str | None, str | None, str]

# fmt: off
MANDATORY: tuple[_Row, ...] = (
    ("dataproduct_type", "text", None, "ObsDataset.dataProductType", "meta.code.class",
     "What the dataset is: image, cube, spectrum, timeseries, visibility, event, measurements"),
    ("calib_level", "integer", None, "ObsDataset.calibLevel", "meta.code;obs.calib",
     "Calibration level: 0 raw, 1 instrumental, 2 calibrated, 3 enhanced, 4 analysis product"),
    ("obs_collection", "text", None, "DataID.collection", "meta.id",
     "Name of the data collection"),
    ("obs_id", "text", None, "DataID.observationID", "meta.id",
     "Identifier of the observation, the same for all its products"),
    ("obs_publisher_did", "text", None, "Curation.publisherDID", "meta.ref.ivoid",
     "Identifier of the dataset given by this archive; never changes"),
    ("access_url", "text", None, "Access.reference", "meta.ref.url",
     "URL of the dataset"),
    ("access_format", "text", None, "Access.format", "meta.code.mime",
     "Media type of what access_url returns"),
    ("access_estsize", "bigint", "kbyte", "Access.size", "phys.size;meta.file",
     "Size of what access_url returns"),
    ("target_name", "text", None, "Target.name", "meta.id;src",
     "Name of the object observed"),
    ("s_ra", "double precision", "deg",
     f"{_AXIS}.Coverage.Location.Coord.Position2D.Value2.C1", "pos.eq.ra",
     "Right ascension of the centre or the object, ICRS"),
    ("s_dec", "double precision", "deg",
     f"{_AXIS}.Coverage.Location.Coord.Position2D.Value2.C2", "pos.eq.dec",
     "Declination of the centre or the object, ICRS"),
    ("s_fov", "double precision", "deg", f"{_AXIS}.Coverage.Bounds.Extent.diameter",
     "phys.angSize;instr.fov", "Diameter of the region covered"),
    ("s_region", "text", None, f"{_AXIS}.Coverage.Support.Area", "pos.outline;obs.field",
     "Region of the sky covered, ICRS"),
    ("s_resolution", "double precision", "arcsec", f"{_AXIS}.Resolution.Refval.value",
     "pos.angResolution", "Angular resolution (FWHM)"),
    ("s_xel1", "bigint", None, f"{_AXIS}.numBins1", "meta.number",
     "Number of pixels along the first spatial axis"),
    ("s_xel2", "bigint", None, f"{_AXIS}.numBins2", "meta.number",
     "Number of pixels along the second spatial axis"),
    ("t_min", "double precision", "d", f"{_TIME}.Coverage.Bounds.Limits.StartTime",
     "time.start;obs.exposure", "Start of the observation, MJD"),
    ("t_max", "double precision", "d", f"{_TIME}.Coverage.Bounds.Limits.StopTime",
     "time.end;obs.exposure", "End of the observation, MJD"),
    ("t_exptime", "double precision", "s", f"{_TIME}.Coverage.Support.Extent",
     "time.duration;obs.exposure", "Exposure time"),
    ("t_resolution", "double precision", "s", f"{_TIME}.Resolution.Refval.value",
     "time.resolution", "Temporal resolution"),
    ("t_xel", "bigint", None, f"{_TIME}.numBins", "meta.number",
     "Number of bins along the time axis"),
    ("em_min", "double precision", "m", f"{_SPEC}.Coverage.Bounds.Limits.LoLimit",
     "em.wl;stat.min", "Shortest wavelength covered, in vacuum"),
    ("em_max", "double precision", "m", f"{_SPEC}.Coverage.Bounds.Limits.HiLimit",
     "em.wl;stat.max", "Longest wavelength covered, in vacuum"),
    ("em_res_power", "double precision", None, f"{_SPEC}.Resolution.ResolPower.refVal",
     "spect.resolution", "Spectral resolving power, lambda / delta lambda"),
    ("em_xel", "bigint", None, f"{_SPEC}.numBins", "meta.number",
     "Number of bins along the spectral axis"),
    ("o_ucd", "text", None, "Char.ObservableAxis.ucd", "meta.ucd",
     "UCD of what was measured"),
    ("pol_states", "text", None, "Char.PolarizationAxis.stateList",
     "meta.code;phys.polarization", "Polarization states, as /I/Q/U/V/"),
    ("pol_xel", "bigint", None, "Char.PolarizationAxis.numBins", "meta.number",
     "Number of polarization states"),
    ("facility_name", "text", None, "Provenance.ObsConfig.Facility.name", "meta.id;instr.tel",
     "Telescope or facility"),
    ("instrument_name", "text", None, "Provenance.ObsConfig.Instrument.name", "meta.id;instr",
     "Instrument"),
)

OPTIONAL: tuple[_Row, ...] = (
    ("dataproduct_subtype", "text", None, "ObsDataset.dataProductSubtype", "meta.code.class",
     "Kind of product within its type: weight, mask, ..."),
    ("target_class", "text", None, "Target.class", "src.class",
     "Class of the object observed"),
    ("obs_creation_date", "timestamp", None, "DataID.date", "time;meta.dataset",
     "When the dataset was made"),
    ("obs_creator_name", "text", None, "DataID.creator", "meta.id",
     "Who made the dataset"),
    ("obs_creator_did", "text", None, "DataID.creatorDID", "meta.id",
     "Identifier given by the creator"),
    ("obs_title", "text", None, "DataID.title", "meta.title;obs",
     "Title of the dataset"),
    ("obs_release_date", "timestamp", None, "Curation.releaseDate", "time.release",
     "When the dataset becomes public"),
    ("publisher_id", "text", None, "Curation.publisherID", "meta.ref.ivoid",
     "Identifier of the publisher"),
    ("bib_reference", "text", None, "Curation.reference", "meta.bib.bibcode",
     "Bibcode or DOI to cite"),
    ("data_rights", "text", None, "Curation.rights", "meta.code",
     "public, secure or proprietary"),
    ("s_pixel_scale", "double precision", "arcsec",
     f"{_AXIS}.Sampling.RefVal.SamplingPeriod", "phys.angSize;instr.pixel",
     "Size of a pixel"),
    ("em_ucd", "text", None, f"{_SPEC}.ucd", "meta.ucd",
     "UCD of the spectral axis in the file"),
    ("em_unit", "text", None, f"{_SPEC}.unit", "meta.unit",
     "Unit of the spectral axis in the file"),
    ("o_unit", "text", None, "Char.ObservableAxis.unit", "meta.unit",
     "Unit of what was measured"),
    ("o_calib_status", "text", None, "Char.ObservableAxis.calibrationStatus", "meta.code.qual",
     "Calibration of what was measured: absolute, relative, normalized, uncalibrated"),
    ("proposal_id", "text", None, "Provenance.Proposal.identifier", "meta.id;obs.proposal",
     "Observing proposal"),
)

OWN: tuple[_Row, ...] = (
    ("s_snr", "double precision", None, None, "stat.snr",
     "Signal-to-noise ratio the file states"),
)
# fmt: on


def _column(row: _Row, *, std: bool, principal: bool) -> ObsCoreColumn:
    name, sql_type, unit, utype, ucd, description = row
    datatype, arraysize, xtype = _VOTABLE_TYPE[sql_type]
    meta = ColumnMeta(
        name=name,
        datatype="char" if name in _ASCII else datatype,
        arraysize=arraysize,
        xtype="adql:REGION" if name == "s_region" else xtype,
        unit=unit,
        ucd=ucd,
        utype=f"obscore:{utype}" if utype else None,
        description=description,
    )
    return ObsCoreColumn(
        meta=meta, sql_type=sql_type, indexed=name in _INDEXED, principal=principal, std=std
    )


OBSCORE_COLUMNS: tuple[ObsCoreColumn, ...] = tuple(
    chain(
        (_column(row, std=True, principal=True) for row in MANDATORY),
        (_column(row, std=True, principal=row[0] in _PRINCIPAL_OPTIONAL) for row in OPTIONAL),
        (_column(row, std=False, principal=row[0] in _PRINCIPAL_OPTIONAL) for row in OWN),
    )
)
