"""The manifest of a package and the lists of its single files, as queries of our own tables."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from adql.columns import ColumnMeta, OutputColumn
from service.results.batch import Batch
from service.results.format import Format, Lines
from service.results.separated import SeparatedEncoder
from service.results.wire import CopyForm


def _column(
    name: str, datatype: str, sql_type: str, description: str, ucd: str | None = None
) -> tuple[ColumnMeta, str]:
    arraysize = None if datatype == "long" else "*"
    unit = "byte" if name == "content_length" else None
    meta = ColumnMeta(
        name, datatype, arraysize=arraysize, unit=unit, ucd=ucd, description=description
    )
    return meta, sql_type


_MANIFEST_COLUMNS = (
    _column("obs_publisher_did", "char", "text", "Identifier of the dataset", "meta.ref.ivoid"),
    _column("access_url", "char", "text", "URL of the single file", "meta.ref.url"),
    _column("path", "unicodeChar", "text", "Name below data/ in the unpacked package", "meta.file"),
    _column("content_type", "char", "text", "Media type of the file", "meta.code.mime"),
    _column("content_length", "long", "bigint", "Size of the file", "phys.size;meta.file"),
    _column("sha256", "char", "text", "SHA-256 of the file, hexadecimal", "meta.checksum"),
    _column("etag", "char", "text", "ETag of the single file"),
    _column("status", "char", "text", "ok, or why there is no file", "meta.code.status"),
    _column("error", "unicodeChar", "text", "Why there is no file; for damage: what was found"),
    _column("source_row", "long", "bigint", "Row of the query, or ID, from 1", "meta.number"),
)
_VALUES = """
SELECT {values} FROM (
    SELECT member.seq, coalesce(obs_publisher_did, asked) AS v1,
        CASE WHEN status IN ('ok', 'vanished', 'damaged') THEN {url} END AS v2,
        CASE WHEN status = 'ok' THEN path END AS v3,
        CASE WHEN status = 'ok' THEN content_type END AS v4,
        CASE WHEN status = 'ok' THEN size END AS v5,
        CASE WHEN status = 'ok' THEN encode(sha256, 'hex') END AS v6,
        CASE WHEN status = 'ok' THEN '"' || encode(sha256, 'hex') || '"' END AS v7,
        {verdict}, source_row AS v10
    FROM bulk.member JOIN bulk.package ON package.id = package_id {damage}
    WHERE package_id = {package_id}
) AS rows ORDER BY seq
"""


# The address of one file alone; what a job made has one below its package.
_URL = """
current_setting('starhaul.public_url')
    || coalesce('/files/' || holding_id, '/bulk/' || package.job_id || '/members/' || seq)
"""
# What each list says of a file, in lines. A frozen path has no `%`, no `\`, no control character:
# no dialect needs an escape.
_LINES: dict[str, tuple[str, ...]] = {
    "sums": ("encode(sha256, 'hex') || '  ' || name || '/data/' || path",),
    "urls": (_URL,),
    "fetch": (f"{_URL} || ' ' || size || ' data/' || path",),
    "aria2": (
        _URL,
        "'  out=' || name || '/data/' || path",
        "'  checksum=sha-256=' || encode(sha256, 'hex')",
        "'  max-connection-per-server=1'",
        "'  max-tries=60'",
        "'  retry-wait=10'",
    ),
}
_LISTED = """
SELECT line AS c1 FROM (
    SELECT seq, n, line
    FROM bulk.member JOIN bulk.package ON package.id = package_id,
         unnest(ARRAY[{lines}]) WITH ORDINALITY AS each (line, n)
    WHERE package_id = {package_id} AND status = 'ok' {head}
) AS listed ORDER BY seq, n
"""
# aria2 gives up what is answered with 429: its list begins with the command that stays below.
_HEAD = "UNION ALL SELECT -1, 0, '# aria2c -c -j {downloads} -i files.aria2.txt'"


@dataclass(frozen=True, slots=True)
class ManifestQuery:
    """The manifest, or the damage, of a package: what `service.results` takes for a query."""

    package_id: int
    kind: Literal["manifest", "damage"]

    @property
    def columns(self) -> tuple[OutputColumn, ...]:
        """The columns of the manifest (DESIGN §7)."""
        return tuple(
            OutputColumn(meta, f"c{n}", sql_type)
            for n, (meta, sql_type) in enumerate(_MANIFEST_COLUMNS, start=1)
        )

    def literal_sql(self) -> str:
        """One SELECT of our own tables; the only value in it is an integer of ours."""
        found = self.kind == "damage"
        return _VALUES.format(
            values=", ".join(f"v{n} AS c{n}" for n in range(1, len(_MANIFEST_COLUMNS) + 1)),
            verdict="'damaged' AS v8, reason AS v9" if found else "status AS v8, error AS v9",
            url=_URL,
            damage="JOIN bulk.damage USING (package_id, seq)" if found else "",
            package_id=int(self.package_id),
        )


@dataclass(frozen=True, slots=True)
class LinesQuery:
    """Lines of text about each file of a package, in the order of the manifest.

    `sums` is what `sha256sum -c` takes beside the unpacked package, `urls` one address a file,
    `fetch` BagIt's fetch.txt (RFC 8493 §2.2.3), `aria2` what `aria2c -i` takes, so many
    `downloads` at once.
    """

    package_id: int
    kind: Literal["sums", "urls", "fetch", "aria2"]
    downloads: int = 1

    @property
    def columns(self) -> tuple[OutputColumn, ...]:
        """The line."""
        return (OutputColumn(ColumnMeta("line", "unicodeChar", "*"), "c1", "text"),)

    def literal_sql(self) -> str:
        """One SELECT of our own tables; the only value in it is an integer of ours."""
        head = _HEAD.format(downloads=int(self.downloads)) if self.kind == "aria2" else ""
        lines = ", ".join(_LINES[self.kind])
        return _LISTED.format(lines=lines, package_id=int(self.package_id), head=head)


class _PlainEncoder(SeparatedEncoder):
    """Lines as they came, without a line of names."""

    def begin(self, _first: Batch | Lines | None) -> bytes:
        """No head."""
        return b""


PLAIN = Format(
    media_type="text/plain;charset=utf-8",
    names=("text/plain",),
    extension="txt",
    form=CopyForm.TSV,  # no line has a tab, a quote or a newline: nothing is quoted
    encoder=partial(_PlainEncoder, separator="\t"),
)
