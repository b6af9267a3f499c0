"""What NAMING may say of a cutout, as values in SQL over a row, its image and the image's file."""

import difflib

from schema.obscore import OBSCORE_COLUMNS
from service.errors import UsageError
from service.naming import Template

_EXTENSION = r"'(\.[A-Za-z0-9]{1,10}){1,2}$'"
_FILE = "regexp_replace(path, '^.*/', '')"
_POSITION = (
    "to_char(ra, 'FM990.00000') || CASE WHEN dec < 0 THEN '' ELSE '+' END "
    "|| to_char(dec, 'FM90.00000')"
)
# Rows are numbered with zeros in front, so that names sort as rows do; a folder has a thousand.
_OF_CUTS = {
    "row": "to_char(row, 'FM0000000')",
    "block": "to_char((row - 1) / 1000, 'FM000000')",
    "id": f"coalesce(label, {_POSITION})",
    "ra": "to_char(ra, 'FM990.00000')",
    "dec": "to_char(dec, 'FM90.00000')",
    "band": "coalesce(band, round(((em_min + em_max) / 2 * 1e9)::numeric) || 'nm')",
    "collection": "obs_collection",
    "size": "coalesce(asked_pixels || 'px', round((degrees * 3600)::numeric, 3) || 'arcsec')",
    "filename": _FILE,
    "stem": f"regexp_replace({_FILE}, {_EXTENSION}, '')",
}
_OBSCORE = {
    column.meta.name: column.sql_type
    for column in OBSCORE_COLUMNS
    if column.meta.name not in ("access_url", *_OF_CUTS)
}
NAMES = (*_OF_CUTS, *_OBSCORE)


def name_sql(template: Template) -> tuple[str, dict[str, object]]:
    """The name of a product in SQL, and the literal texts that are bound in it.

    A value never brings a folder. UsageError where the template names what there is not.
    """
    pieces, values = [], dict[str, object]()
    for number, piece in enumerate(template.pieces):
        if isinstance(piece, str):
            values[f"literal{number}"] = piece
            pieces.append(f"CAST(:literal{number} AS text)")
        else:
            pieces.append(f"bulk.name_value({_value(piece.name)})")
    return " || ".join(pieces), values


def _value(name: str) -> str:
    known = name.lower()
    if known in _OF_CUTS:
        return f"({_OF_CUTS[known]})"
    if known not in _OBSCORE:
        near = difflib.get_close_matches(known, NAMES, 1, 0.6)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"NAMING: there is no {name[:80]!r}; {hint}cutouts are named by {', '.join(_OF_CUTS)} "
            "and the columns of ivoa.obscore"
        )
    if _OBSCORE[known].startswith("timestamp"):
        return f"replace({known}::text, ' ', 'T')"
    return f"{known}::text"
