"""What /datalink/links is asked for (DataLink 1.1 §2.1)."""

from dataclasses import dataclass, replace

from schema.obscore import LINKS_MEDIA_TYPE
from service.parameters import Parameters
from service.results import tabledata
from service.results.format import Format
from service.results.formats import format_named

_VOTABLE = ("application/x-votable+xml", "text/xml", "application/xml")
_LINKS = replace(tabledata.FORMAT, media_type=LINKS_MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class LinksRequest:
    """Identifiers in the order they were asked for, each once; `truncated` says how many were
    left out; `named_form` whether RESPONSEFORMAT was given."""

    ids: tuple[str, ...]
    form: Format
    named_form: bool
    truncated: str | None


def links_request(parameters: Parameters, most_ids: int) -> LinksRequest:
    """Read the parameters; UsageError where RESPONSEFORMAT is wrong.

    Identifiers beyond `most_ids` are left out, which is told as an overflow. All rows of one have
    to follow each other, so an identifier given twice is answered once.
    """
    # PostgreSQL's text and XML have no NUL.
    given = (value.replace("\0", "\ufffd") for value in parameters.many("ID"))
    ids = tuple(dict.fromkeys(given))
    truncated = None
    if len(ids) > most_ids:
        truncated = f"cut after the first {most_ids} of {len(ids)} identifiers"
    asked = parameters.single("RESPONSEFORMAT")
    return LinksRequest(ids[:most_ids], _form(asked), asked is not None, truncated)


def _form(asked: str | None) -> Format:
    """TABLEDATA unless another serialization or format is asked for (DataLink 1.1 §2.1.2, §3.3.1).

    A media type that was asked for is the one of the answer.
    """
    kind, *parameters = "".join((asked or "votable").lower().split()).split(";")
    if kind == "votable" or "content=datalink" in parameters:
        return _LINKS
    if kind in _VOTABLE and not any(each.startswith("serialization=") for each in parameters):
        return replace(_LINKS, media_type=kind)
    return format_named(asked)
