"""Every format a result can have, by the names that users give it (TAP 1.1 §2.7.4)."""

import re
from dataclasses import replace

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

_MEDIA_TYPES = ("application/", "text/", "image/")
_CHOOSING = ("serialization=", "header=absent")  # CSV without its line of names is not offered
_BY_NAME = {name: found for found in FORMATS for name in found.names}


def format_named(name: str | None) -> Format:
    """The format of a RESPONSEFORMAT, the default where there is none.

    Names and media types are compared without case and blanks; a media type's parameters that
    no format knows (charset, version) are ignored. A media type that was asked for is the one of
    the answer (DALI 1.1 §3.4.3). UsageError where it is unknown.
    """
    if name is None:
        return DEFAULT
    asked = _without_unknown(re.sub(r'[\s"]', "", name).lower())
    found = _BY_NAME.get(asked)
    if found is None:
        known = ", ".join(each.names[0] for each in FORMATS)
        raise UsageError(f"RESPONSEFORMAT={name!r} is not known; use one of {known}")
    if asked.startswith(_MEDIA_TYPES) and not found.media_type.startswith(asked):
        return replace(found, media_type=asked)
    return found


def _without_unknown(media_type: str) -> str:
    """The media type with none but the parameters that choose a format."""
    kind, *parameters = media_type.split(";")
    return ";".join([kind, *(p for p in parameters if p.startswith(_CHOOSING))])
