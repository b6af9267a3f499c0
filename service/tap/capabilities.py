"""What this TAP service declares of itself (TAPRegExt 1.0 §2)."""

from vo_models.tapregext.models import (
    DataLimit,
    DataLimits,
    DataModelType,
    Language,
    OutputFormat,
    TableAccess,
    TimeLimits,
    Version,
)
from vo_models.voresource.models import Capability

from service.config import Settings
from service.results.formats import FORMATS
from service.tap.examples import examples_capability
from service.tap.features import language_features
from service.vosi.capabilities import http_interface, vosi_capabilities

_OBSCORE = DataModelType.model_validate(
    {"value": "ObsCore-1.1", "ivo_id": "ivo://ivoa.net/std/ObsCore#core-1.1"}
)


def tap_capabilities(settings: Settings) -> list[Capability]:
    """The capabilities of /tap: itself and its VOSI resources."""
    url = f"{settings.base_url}/tap"
    tap = TableAccess(
        interface=[http_interface(url, version="1.1")],
        data_model=[_OBSCORE],
        language=[_adql(settings.authority)],
        output_format=_formats(),
        execution_duration=TimeLimits(hard=int(settings.query_timeout_s)),
        output_limit=_output_limit(settings.default_maxrec),
    )
    return [tap, *vosi_capabilities(url, tables=True), examples_capability(url)]


def _adql(authority: str) -> Language:
    versions = [
        Version.model_validate({"value": version, "ivo_id": f"ivo://ivoa.net/std/ADQL#v{version}"})
        for version in ("2.1", "2.0")
    ]
    return Language(
        name="ADQL",
        version=versions,
        description=(
            "The Astronomical Data Query Language. LANG=ADQL is 2.1 with this archive's "
            "extensions; a version is that standard alone."
        ),
        language_features=language_features(authority),
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
