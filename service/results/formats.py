"""Every format a result can have, by the names that users give it (TAP 1.1 §2.7.4)."""

import re

from service.errors import UsageError
from service.results import arrow, binary2, fits, json_rows, separated, tabledata
from service.results.format import Format

FORMATS: tuple[Format, ...] = (
    binary2.FORMAT,
    tabledata.FORMAT,
    separated.CSV,
    separated.TSV,
    json_rows.FORMAT,
    fits.FORMAT,
    arrow.PARQUET,
    arrow.ARROW,
)
DEFAULT = binary2.FORMAT

_BY_NAME = {name: found for found in FORMATS for name in found.names}


def format_named(name: str | None) -> Format:
    """The format of a RESPONSEFORMAT, the default where there is none.

    Names and media types are compared without case and blanks; a media type's parameters that
    no format knows (charset, version) are ignored. UsageError where it is unknown.
    """
    if name is None:
        return DEFAULT
    asked = re.sub(r'[\s"]', "", name).lower()
    found = _BY_NAME.get(asked) or _BY_NAME.get(_without_unknown(asked))
    if found is None:
        known = ", ".join(each.names[0] for each in FORMATS)
        raise UsageError(f"RESPONSEFORMAT={name!r} is not known; use one of {known}")
    return found


def _without_unknown(media_type: str) -> str:
    """The media type with none but the parameter that chooses a format."""
    kind, *parameters = media_type.split(";")
    chosen = [p for p in parameters if p.startswith("serialization=")]
    return ";".join([kind, *chosen])
