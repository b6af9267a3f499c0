"""The columns of the response, by the utypes of SSAP 1.1 §4.2 and its appendix D.

Values come from `dataset` (ObsCore), `spectrum` and `collection` of the schema archive, and from
`form` (the file, or one of the forms that it is converted to); service/ssap/query.py fills in what
stands in braces.
"""

from dataclasses import dataclass

from adql.columns import ColumnMeta, OutputColumn
from service.results.groups import Group, Param

_DATATYPES: dict[str, tuple[str, str | None, str | None]] = {
    "text": ("char", "*", None),
    "unicode": ("unicodeChar", "*", None),
    "timestamp": ("char", "*", "timestamp"),
    "bigint": ("long", None, None),
    "real": ("float", None, None),
    "double precision": ("double", None, None),
    "double precision[]": ("double", "2", None),
}


@dataclass(frozen=True, slots=True)
class SsapColumn:
    """A column and how PostgreSQL makes its value."""

    meta: ColumnMeta
    sql_type: str
    sql: str

    @property
    def model(self) -> str | None:
        """The component data model it belongs to ("Char.TimeAxis"); None for those of our own."""
        path = (self.meta.utype or "").removeprefix("ssa:")
        if path.startswith("Char."):
            return ".".join(path.split(".")[:2])
        return path.partition(".")[0] or None


_SPACE, _WAVE, _TIME = "Char.SpatialAxis", "Char.SpectralAxis", "Char.TimeAxis"
_FLUX = "Char.FluxAxis"
# An array of two has two numbers also where they are not known (votlint takes no empty cell).
_POSITION = "ARRAY[coalesce(s_ra, 'NaN'), coalesce(s_dec, 'NaN')]"
_ELAPSED = "coalesce(nullif((t_max - t_min) * 86400, 0), t_exptime)"
_TITLE = "coalesce(obs_title, nullif(concat_ws(', ', target_name, instrument_name), ''), obs_id)"
_RIGHTS = (
    "coalesce(data_rights, "
    "CASE WHEN dataset.readable_by IS NULL THEN 'public' ELSE 'proprietary' END)"
)
_KNOWN_PLACE = "CASE WHEN num_nulls(s_ra, s_dec) = 0 THEN 'absolute' END"
_KNOWN_WAVE = "CASE WHEN num_nulls(em_min, em_max) = 0 THEN 'absolute' END"
_REFERENCE = """
    CASE specsys WHEN 'TOPOCENT' THEN 'TOPOCENTER' WHEN 'GEOCENTR' THEN 'GEOCENTER'
    WHEN 'BARYCENT' THEN 'BARYCENTER' WHEN 'HELIOCEN' THEN 'HELIOCENTER' ELSE specsys END
"""

# Name, type, unit, utype (without its "ssa:"), UCD, SQL, description. Those of one component model
# stand together (§4.2.1).
_Row = tuple[str, str, str | None, str | None, str | None, str, str]
# fmt: off
_ROWS: tuple[_Row, ...] = (
    ("score", "real", None, "Query.Score", None, "{score}",
     "How well the spectrum matches the query: 1 at best"),
    ("association_id", "text", None, "Association.ID", "meta.id.assoc",
     "CASE WHEN {several} THEN 'MultiFormat.' || dataset.id END",
     "Shared by rows that are one spectrum in several formats"),
    ("access_url", "text", None, "Access.Reference", "meta.ref.url", "form.url",
     "URL of the spectrum in this format"),
    ("access_format", "text", None, "Access.Format", "meta.code.mime", "form.media_type",
     "Media type of what access_url returns"),
    ("access_estsize", "bigint", "kbyte", "Access.Size", "phys.size;meta.file", "form.size",
     "Size of what access_url returns, about"),
    ("data_model", "text", None, "Dataset.DataModel", None, "form.model",
     "Data model of what access_url returns; of files as they came, their convention"),
    ("em_xel", "bigint", None, "Dataset.Length", "meta.number", "coalesce(n_points, em_xel)",
     "Number of points of the spectrum"),
    ("deleted", "timestamp", None, "Dataset.Deleted", None,
     "CASE WHEN NOT present THEN (updated AT TIME ZONE 'UTC') END",
     "When the dataset was taken out of the archive; asked for by MTIME alone"),
    ("obs_title", "unicode", None, "DataID.Title", "meta.title;meta.dataset", _TITLE,
     "Title of the dataset"),
    ("obs_creator_name", "unicode", None, "DataID.Creator", None, "obs_creator_name",
     "Who made the dataset"),
    ("obs_collection", "unicode", None, "DataID.Collection", None, "obs_collection",
     "Name of the data collection"),
    ("obs_creator_did", "unicode", None, "DataID.CreatorDID", "meta.id", "obs_creator_did",
     "Identifier given by the creator"),
    # The date alone: pyvo's `dateobs` fails on a time after a T.
    ("obs_creation_date", "text", None, "DataID.Date", "time;meta.dataset",
     "to_char(obs_creation_date, 'YYYY-MM-DD')", "Date on which the dataset was made"),
    ("instrument_name", "unicode", None, "DataID.Instrument", "meta.id;instr", "instrument_name",
     "Instrument"),
    ("data_source", "text", None, "DataID.DataSource", None,
     "collection.config -> 'toml' ->> 'data_source'",
     "Where the data come from: survey, pointed, custom, theory, artificial"),
    ("creation_type", "text", None, "DataID.CreationType", None, "'archival'",
     "All of the dataset, not changed but in its format"),
    ("publisher", "unicode", None, "Curation.Publisher", "meta.curation", "{publisher}",
     "Who publishes the dataset"),
    ("bib_reference", "unicode", None, "Curation.Reference", "meta.bib.bibcode", "bib_reference",
     "Bibcode or DOI to cite"),
    ("obs_publisher_did", "text", None, "Curation.PublisherDID", "meta.ref.url;meta.curation",
     "obs_publisher_did", "Identifier of the dataset given by this archive; never changes"),
    ("updated", "timestamp", None, "Curation.Date", None, "(updated AT TIME ZONE 'UTC')",
     "When the archive last took in the dataset, as MTIME has it"),
    ("data_rights", "text", None, "Curation.Rights", None, _RIGHTS,
     "Who may have it: public, secure or proprietary"),
    ("target_name", "unicode", None, "Target.Name", "meta.id;src", "target_name",
     "Name of the object observed"),
    ("target_class", "unicode", None, "Target.Class", "src.class", "target_class",
     "Class of the object observed"),
    ("target_pos", "double precision[]", "deg", "Target.Pos", "pos.eq;src", _POSITION,
     "Right ascension and declination, ICRS"),
    ("redshift", "double precision", None, "Target.Redshift", "src.redshift", "redshift",
     "Redshift of the object, as the file states it"),
    ("s_snr", "double precision", None, "Derived.SNR", "stat.snr", "s_snr",
     "Signal-to-noise ratio the file states"),
    ("space_frame", "text", None, "CoordSys.SpaceFrame.Name", None, "'ICRS'",
     "Frame of all positions here"),
    ("spectral_refpos", "text", None, "CoordSys.SpectralFrame.RefPos", None, _REFERENCE,
     "What the wavelengths of the file are at rest with"),
    ("location", "double precision[]", "deg", f"{_SPACE}.Coverage.Location.Value", "pos.eq",
     _POSITION, "Right ascension and declination observed, ICRS"),
    ("s_fov", "double precision", "deg", f"{_SPACE}.Coverage.Bounds.Extent",
     "phys.angSize;instr.fov", "s_fov", "Diameter of the aperture"),
    ("s_region", "text", None, f"{_SPACE}.Coverage.Support.Area", "pos.outline;instr.fov",
     "s_region", "Region of the aperture, ICRS"),
    ("s_resolution", "double precision", "deg", f"{_SPACE}.Resolution", "pos.angResolution",
     "s_resolution / 3600", "Angular resolution (FWHM)"),
    ("s_stat_error", "double precision", "deg", f"{_SPACE}.Accuracy.StatError",
     "stat.error;pos.eq", "NULL::double precision", "Error of the position; not known here"),
    ("s_calib_status", "text", None, f"{_SPACE}.Calibration", "meta.code.qual", _KNOWN_PLACE,
     "Calibration of the position"),
    ("em_ucd", "text", None, f"{_WAVE}.Ucd", "meta.ucd", "em_ucd",
     "UCD of the spectral axis in the file"),
    ("em_value", "double precision", "m", f"{_WAVE}.Coverage.Location.Value",
     "em.wl;instr.bandpass", "(em_min + em_max) / 2", "Middle of the wavelengths covered"),
    ("em_extent", "double precision", "m", f"{_WAVE}.Coverage.Bounds.Extent",
     "em.wl;instr.bandwidth", "em_max - em_min", "Width of the wavelengths covered"),
    ("em_min", "double precision", "m", f"{_WAVE}.Coverage.Bounds.Start", "em.wl;stat.min",
     "em_min", "Shortest wavelength covered, in vacuum"),
    ("em_max", "double precision", "m", f"{_WAVE}.Coverage.Bounds.Stop", "em.wl;stat.max",
     "em_max", "Longest wavelength covered, in vacuum"),
    ("em_resolution", "double precision", "m", f"{_WAVE}.Resolution", "spect.resolution;em.wl",
     "(em_min + em_max) / 2 / nullif(em_res_power, 0)",
     "Spectral resolution (FWHM) in the middle of the wavelengths"),
    ("em_res_power", "double precision", None, f"{_WAVE}.ResPower", "spect.resolution",
     "em_res_power", "Spectral resolving power, lambda / delta lambda"),
    ("em_calib_status", "text", None, f"{_WAVE}.Calibration", "meta.code.qual", _KNOWN_WAVE,
     "Calibration of the wavelengths"),
    ("t_value", "double precision", "d", f"{_TIME}.Coverage.Location.Value", "time.epoch",
     "coalesce((t_min + t_max) / 2, t_min + t_exptime / 172800)", "Middle of the exposure, MJD"),
    ("t_extent", "double precision", "s", f"{_TIME}.Coverage.Bounds.Extent", "time.duration",
     _ELAPSED, "Time from the start to the end of the observation"),
    ("t_min", "double precision", "d", f"{_TIME}.Coverage.Bounds.Start",
     "time.start;obs.exposure", "t_min", "Start of the observation, MJD"),
    ("t_max", "double precision", "d", f"{_TIME}.Coverage.Bounds.Stop", "time.end;obs.exposure",
     "t_max", "End of the observation, MJD"),
    ("t_exptime", "double precision", "s", f"{_TIME}.Coverage.Support.Extent",
     "time.duration;obs.exposure", "t_exptime", "Exposure time"),
    ("t_resolution", "double precision", "s", f"{_TIME}.Resolution", "time.resolution",
     "coalesce(t_resolution, t_exptime)", "Temporal resolution"),
    ("o_ucd", "text", None, f"{_FLUX}.Ucd", "meta.ucd", "o_ucd", "UCD of what was measured"),
    ("o_unit", "text", None, f"{_FLUX}.Unit", "meta.unit", "o_unit", "Unit of what was measured"),
    ("o_calib_status", "text", None, f"{_FLUX}.Calibration", "meta.code.qual", "o_calib_status",
     "Calibration of what was measured: absolute, relative, normalized, uncalibrated"),
    ("s_ra", "double precision", "deg", None, "pos.eq.ra;meta.main", "s_ra",
     "Right ascension, ICRS"),
    ("s_dec", "double precision", "deg", None, "pos.eq.dec;meta.main", "s_dec",
     "Declination, ICRS"),
    ("facility_name", "unicode", None, None, "meta.id;instr.tel", "facility_name",
     "Telescope or facility"),
)
# fmt: on


def _column(row: _Row) -> SsapColumn:
    name, kind, unit, utype, ucd, sql, description = row
    datatype, arraysize, xtype = _DATATYPES[kind]
    meta = ColumnMeta(
        name=name,
        datatype=datatype,
        arraysize=arraysize,
        xtype=xtype,
        unit=unit,
        ucd=ucd,
        utype=f"ssa:{utype}" if utype else None,
        description=description,
    )
    return SsapColumn(meta, "text" if kind == "unicode" else kind, sql)


COLUMNS: tuple[SsapColumn, ...] = tuple(map(_column, _ROWS))


def output_columns() -> tuple[OutputColumn, ...]:
    """The columns as `service.results` takes them: c1, c2, ..."""
    return tuple(
        OutputColumn(column.meta, f"c{number}", column.sql_type)
        for number, column in enumerate(COLUMNS, start=1)
    )


def _text(name: str, value: str, utype: str, description: str, ucd: str | None = None) -> Param:
    return Param(name, value, f"ssa:{utype}", ucd=ucd, description=description)


# What is the same in every row, beside the columns of its model (§4.2, "Hint").
_CONSTANTS: dict[str, tuple[Param, ...]] = {
    "Association": (
        _text("association_type", "MultiFormat", "Association.Type", "Kind of association"),
        _text(
            "association_key", "@Access.Format", "Association.Key", "What tells its rows apart"
        ),
    ),
    "Dataset": (_text("dataset_type", "Spectrum", "Dataset.Type", "What each dataset is"),),
    "CoordSys": (
        Param(
            "space_equinox", "2000.0", "ssa:CoordSys.SpaceFrame.Equinox", datatype="double",
            unit="yr", ucd="time.equinox;pos.frame", description="Equinox of positions",
        ),
        _text(
            "time_scale", "UTC", "CoordSys.TimeFrame.Name", "Scale of all times here", "time.scale"
        ),
        Param(
            "time_zero", "0.0", "ssa:CoordSys.TimeFrame.Zero", datatype="double", unit="d",
            ucd="arith.zp;time", description="Zero point of times, as MJD",
        ),
    ),
}  # fmt: skip
# So that the association's key is both the utype's path (§4.2.4.1) and an XML ID (§4.2.4.4).
_IDS = {"access_format": "Access.Format"}


def groups() -> tuple[Group, ...]:
    """The component data models, each with its columns and constants (§4.2.1)."""
    models = dict.fromkeys(model for column in COLUMNS if (model := column.model) is not None)
    return tuple(
        Group(
            name=model,
            utype=f"ssa:{model}",
            columns={
                number: _IDS.get(column.meta.name, column.meta.name)
                for number, column in enumerate(COLUMNS)
                if column.model == model
            },
            params=_CONSTANTS.get(model, ()),
        )
        for model in models
    )
