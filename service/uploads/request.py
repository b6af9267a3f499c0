"""The parameter UPLOAD: which tables come with a query, under which names, from where.

`name,uri`, several apart by `;` or by repeating the parameter (TAP 1.1 §2.7.5, DALI 1.1 §3.4.5).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.errors import UsageError
from service.parameters import Parameters
from service.tables.names import as_written

SCHEMA = "TAP_UPLOAD"
_MOST_UPLOADS = 100
_MOST_CHARACTERS = 200
# A semicolon within a URL is not followed by another NAME,SCHEME: pair.
_NEXT = re.compile(r";(?=[^;,]*,\s*[A-Za-z][A-Za-z0-9+.-]*:)|;\s*$")
_PAIR = re.compile(r'\s*((?:[^,"]|"[^"]*")*?)\s*,\s*(\S.*?)\s*', re.DOTALL)
_NAME = re.compile(r'(?:TAP_UPLOAD\s*\.\s*)?(?:([A-Za-z][A-Za-z0-9_]*)|"((?:[^"]|"")+)")', re.I)


@dataclass(frozen=True, slots=True)
class Upload:
    """One table to be uploaded: its name without quotes, and the URI that it comes from."""

    name: str
    uri: str

    @property
    def part(self) -> str | None:
        """The part of the request that holds the table; None where it is elsewhere."""
        scheme, _, name = self.uri.partition(":")
        return name if scheme.lower() == "param" else None

    @property
    def said(self) -> str:
        """The table in words, for messages."""
        return f"upload {as_written(self.name)}"


def wanted_uploads(parameters: Parameters) -> tuple[Upload, ...]:
    """What UPLOAD asks for, in order; UsageError where it cannot be understood."""
    given = [pair for value in parameters.many("UPLOAD") for pair in _NEXT.split(value)]
    uploads = tuple(_upload(pair) for pair in given if pair.strip())
    if len(uploads) > _MOST_UPLOADS:
        raise UsageError(f"UPLOAD names {len(uploads)} tables; the most is {_MOST_UPLOADS}")
    names = set()
    for upload in uploads:
        if upload.name.lower() in names:
            raise UsageError(f"{upload.said} is given twice; give each table a name of its own")
        names.add(upload.name.lower())
    return uploads


def _upload(pair: str) -> Upload:
    match = _PAIR.fullmatch(pair)
    if match is None:
        raise UsageError(
            f"UPLOAD={pair[:80]!r} is no NAME,URI; write UPLOAD=mytable,param:mytable and send the "
            "table as the file of that name, or UPLOAD=mytable,https://..."
        )
    upload = Upload(_table_name(match[1]), match[2])
    scheme = upload.uri.partition(":")[0].lower() if ":" in upload.uri else ""
    if scheme not in ("param", "http", "https"):
        raise UsageError(
            f"{upload.said}: {upload.uri[:80]!r} cannot be read; an upload comes from param:, "
            "http: or https:"
        )
    if scheme != "param" and not urlsplit(upload.uri).hostname:
        raise UsageError(f"{upload.said}: the URL {upload.uri[:80]!r} names no host")
    return upload


def _table_name(text: str) -> str:
    match = _NAME.fullmatch(text)
    name = None if match is None else match[1] or match[2].replace('""', '"')
    if name is None or "\0" in name or len(name) > _MOST_CHARACTERS:
        raise UsageError(
            f"UPLOAD: {text[:80]!r} is no name for a table; use letters, digits and _, beginning "
            "with a letter, and TAP_UPLOAD.name in the query"
        )
    return name
