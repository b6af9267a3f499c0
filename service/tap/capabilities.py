"""What this TAP service declares of itself (TAPRegExt 1.0 §2)."""

from vo_models.tapregext.models import (
    DataLimit,
    DataLimits,
    DataModelType,
    Language,
    OutputFormat,
    TableAccess,
    UploadMethod,
    Version,
)
from vo_models.voresource.models import Capability

from adql.syntax.extensions import EXTENSIONS
from service.config import Settings
from service.results.formats import FORMATS
from service.tap.features import language_features
from service.tap.limits import execution_duration, retention_period
from service.vosi.capabilities import examples_capability, http_interface, vosi_capabilities

_OBSCORE = DataModelType.model_validate(
    {"value": "ObsCore-1.1", "ivo_id": "ivo://ivoa.net/std/ObsCore#core-1.1"}
)


def tap_capabilities(settings: Settings) -> list[Capability]:
    """The capabilities of /tap: itself and its VOSI resources."""
    url = f"{settings.base_url}/tap"
    tap = TableAccess(
        interface=[
            http_interface(url, version="1.1"),
            http_interface(url, version="1.1", secured=True),
        ],
        data_model=[_OBSCORE],
        language=[_adql()],
        output_format=_formats(),
        upload_method=_upload_methods(),
        retention_period=retention_period(),
        execution_duration=execution_duration(),
        output_limit=_output_limit(settings.default_maxrec),
        upload_limit=_upload_limit(settings.upload_bytes),
    )
    return [tap, *vosi_capabilities(url, tables=True), examples_capability(url)]


def _adql() -> Language:
    """ADQL and its versions. Extensions are told in words: no client reads a type of our own."""
    versions = [
        Version.model_validate({"value": version, "ivo_id": f"ivo://ivoa.net/std/ADQL#v{version}"})
        for version in ("2.1", "2.0")
    ]
    return Language(
        name="ADQL",
        version=versions,
        description=(
            "The Astronomical Data Query Language. LANG=ADQL is 2.1 with this archive's "
            f"extensions ({', '.join(form for form, _ in EXTENSIONS)}); a version is that "
            "standard alone."
        ),
        language_features=language_features(),
    )


def _formats() -> list[OutputFormat]:
    """Each format once, with its other names."""
    return [
        OutputFormat.model_validate(
            {
                "mime": form.media_type,
                "alias": [name for name in form.names if name != form.media_type],
                "ivo_id": form.ivo_id,
            }
        )
        for form in FORMATS
    ]


def _output_limit(default_maxrec: int | None) -> DataLimits | None:
    """Rows when MAXREC is absent; none where that is not limited."""
    if default_maxrec is None:
        return None
    return DataLimits(default=DataLimit.model_validate({"value": default_maxrec, "unit": "row"}))


def _upload_methods() -> list[UploadMethod]:
    """Inline, and by URL (TAPRegExt 1.0 §2.4)."""
    return [
        UploadMethod.model_validate({"ivo_id": f"ivo://ivoa.net/std/TAPRegExt#upload-{name}"})
        for name in ("inline", "http", "https")
    ]


def _upload_limit(most_bytes: int) -> DataLimits:
    """Bytes of all files of a query together."""
    limit = DataLimit.model_validate({"value": most_bytes, "unit": "byte"})
    return DataLimits(default=limit, hard=limit)
