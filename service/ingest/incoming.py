"""The table that a batch of files is copied into, and the statements that spread it out."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from schema.obscore import OBSCORE_COLUMNS
from service.ingest.facts import DatasetFacts, Spectrum
from service.ingest.read_file import Accepted, Plan, Refused, read_file
from service.ingest.region import box, cells
from service.storage.ahead import Opener, Wanted, opened_ahead
from service.storage.ranges import Span
from service.storage.state import FileState
from service.storage.store import store_of

_OBSCORE = {c.meta.name: c.sql_type for c in OBSCORE_COLUMNS if c.meta.name != "access_url"}
_SPECTRUM = [field.name for field in fields(Spectrum)]
_SPECTRUM_TYPES = {"n_points": "bigint", "snr": "double precision", "redshift": "double precision"}
FILE_COLUMNS = {
    "path": "text",
    "size": "bigint",
    "mtime_ns": "bigint",
    "ctime_ns": "bigint",
    "inode": "bigint",
    "etag": "text",
    "sha256": "bytea",
    "crc32": "bigint",
    "media_type": "text",
}
"""Of archive.holding: what is known of any file, part of a dataset or whole."""
_HOLDING = FILE_COLUMNS | {"reader": "text"}
_SKY = {"hpx": "bigint", "hcell": "integer", "vertices": "double precision[]", "box": "text"}
_COMPUTED = (
    "obs_id",
    "obs_publisher_did",
    "publisher_id",
    "access_format",
    "access_estsize",
    "data_rights",
)
_FACTS = tuple(
    field.name
    for field in fields(DatasetFacts)
    if field.name in _OBSCORE and field.name not in _COMPUTED
)
_facts_values = attrgetter(*_FACTS)
_spectrum_values = attrgetter(*_SPECTRUM)
_NO_SPECTRUM = (None,) * len(_SPECTRUM)
INCOMING = (
    _HOLDING
    | {name: _OBSCORE[name] for name in (*_FACTS, *_COMPUTED)}
    | _SKY
    | {"is_spectrum": "boolean"}
    | {f"spectrum_{name}": _SPECTRUM_TYPES.get(name, "text") for name in _SPECTRUM}
)


def _sql() -> dict[str, str]:
    """The statements of one batch; every name in them is a column of our own tables."""
    written = (*_FACTS, *_COMPUTED)
    obscore, holding = ", ".join(written), ", ".join(_HOLDING)
    set_obscore = ", ".join(f"{c} = EXCLUDED.{c}" for c in written if c != "obs_publisher_did")
    set_holding = ", ".join(f"{c} = EXCLUDED.{c}" for c in _HOLDING if c != "path")
    set_sky = ", ".join(f"{c} = EXCLUDED.{c}" for c in _SKY)
    spectrum = ", ".join(_SPECTRUM)
    from_spectrum = ", ".join(f"spectrum_{name}" for name in _SPECTRUM)
    set_spectrum = ", ".join(f"{c} = EXCLUDED.{c}" for c in _SPECTRUM)
    i_holding = ", ".join(f"i.{c}" for c in _HOLDING)
    columns = ", ".join(f"{name} {kind}" for name, kind in INCOMING.items())
    return {
        "create": f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming ({columns})",
        "dataset": f"""
            INSERT INTO archive.dataset
                (collection_id, {obscore}, hpx, hcell, vertices, box, readable_by, holding_id)
            SELECT $1, {obscore}, hpx, hcell, vertices, box::cube, $2,
                coalesce(h.id, nextval(pg_get_serial_sequence('archive.holding', 'id')))
            FROM incoming
            LEFT JOIN archive.holding h ON h.collection_id = $1 AND h.path = incoming.path
            ON CONFLICT (obs_publisher_did) DO UPDATE SET {set_obscore}, {set_sky},
                holding_id = EXCLUDED.holding_id, readable_by = EXCLUDED.readable_by,
                present = true, updated = now()""",  # noqa: S608
        "holding": f"""
            INSERT INTO archive.holding (id, collection_id, dataset_id, readable_by, {holding})
            OVERRIDING SYSTEM VALUE
            SELECT d.holding_id, $1, d.id, $2, {i_holding}
            FROM incoming i JOIN archive.dataset d USING (obs_publisher_did)
            ON CONFLICT (collection_id, path) DO UPDATE SET {set_holding},
                readable_by = EXCLUDED.readable_by, state = 'present', ingested = now(),
                dataset_id = EXCLUDED.dataset_id, semantics = '#this', label = NULL,
                description = NULL""",  # noqa: S608
        "no_spectrum": """
            DELETE FROM archive.spectrum s
            USING incoming i JOIN archive.dataset d USING (obs_publisher_did)
            WHERE s.dataset_id = d.id AND NOT i.is_spectrum""",
        "spectrum": f"""
            INSERT INTO archive.spectrum (dataset_id, {spectrum})
            SELECT d.id, {from_spectrum}
            FROM incoming i JOIN archive.dataset d USING (obs_publisher_did) WHERE i.is_spectrum
            ON CONFLICT (dataset_id) DO UPDATE SET {set_spectrum}""",  # noqa: S608
        "no_refusal": """
            DELETE FROM archive.refusal r USING incoming i
            WHERE r.collection_id = $1 AND r.path = i.path""",
    }


SQL = _sql()


def publisher_did(authority: str, collection: str, path: str) -> str:
    """obs_publisher_did of a file: IVOA identifiers 2.0 §4.1, a query part below the authority."""
    return f"{authority}?{collection}/{quote(path, safe='/:@!$()*,;=~._-')}"


def observation_id(collection: str, path: str) -> str:
    """obs_id of a file: the collection and the path without its FITS suffixes."""
    stem = path
    for suffix in (".gz", ".bz2", ".fz", ".fits", ".fit", ".fts"):
        if stem.lower().endswith(suffix) and len(stem) > len(suffix):
            stem = stem[: -len(suffix)]
    return f"{collection}/{stem}"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker process hands back: rows of `incoming`, and refusals."""

    rows: list[tuple[Any, ...]]
    refused: list[Refused]


def read_rows(files: list[tuple[str, FileState]], plan: Plan) -> Batch:
    """Read some files into rows; runs in a worker process.

    Unavailable where the store went away.
    """
    outcomes = [
        read_file(path, listed, plan, opener) for path, listed, opener in _begun(files, plan)
    ]
    accepted = [item for item in outcomes if isinstance(item, Accepted)]
    found = cells([(item.facts.s_ra, item.facts.s_dec) for item in accepted])
    return Batch(
        [_row(item, plan, cell) for item, cell in zip(accepted, found, strict=True)],
        [item for item in outcomes if isinstance(item, Refused)],
    )


def _begun(
    files: list[tuple[str, FileState]], plan: Plan
) -> Iterator[tuple[str, FileState, Opener | None]]:
    """The files, those of a distant store being opened while earlier ones are read."""
    store = store_of(plan.root)
    if not store.distant:
        yield from ((path, listed, None) for path, listed in files)
        return

    def wanted(file: tuple[str, FileState]) -> Wanted:
        return Wanted(store, file[0], file[1], b"", Span(0, file[1].size))

    for (path, listed), opener in opened_ahead(files, wanted):
        yield path, listed, opener


def _row(item: Accepted, plan: Plan, cell: tuple[int | None, int | None]) -> tuple[Any, ...]:
    facts, stat = item.facts, item.stat
    return (
        item.path,
        stat.size,
        stat.mtime_ns,
        stat.ctime_ns,
        stat.inode,
        stat.etag,
        item.sha256,
        item.crc32,
        item.media_type,
        item.reader,
        *_facts_values(facts),
        observation_id(plan.name, item.path),
        publisher_did(plan.authority, plan.name, item.path),
        plan.authority,
        item.media_type,
        (stat.size + 999) // 1000,
        facts.data_rights or ("proprietary" if plan.closed else "public"),
        *cell,
        facts.vertices,
        box(facts.s_region),
        facts.spectrum is not None,
        *(_NO_SPECTRUM if facts.spectrum is None else _spectrum_values(facts.spectrum)),
    )
