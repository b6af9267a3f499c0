"""The table that a batch of files is copied into, and the statements that spread it out."""

from dataclasses import fields
from typing import Any
from urllib.parse import quote

from schema.obscore import OBSCORE_COLUMNS
from service.ingest.collection import Collection
from service.ingest.facts import DatasetFacts, Spectrum
from service.ingest.read_file import Accepted
from service.ingest.region import box

_FACTS = {field.name for field in fields(DatasetFacts)}
_OBSCORE = {c.meta.name: c.sql_type for c in OBSCORE_COLUMNS if c.meta.name != "access_url"}
_SPECTRUM = [field.name for field in fields(Spectrum)]
_SPECTRUM_TYPES = {"n_points": "bigint", "snr": "double precision", "redshift": "double precision"}
_HOLDING = {
    "path": "text",
    "size": "bigint",
    "mtime_ns": "bigint",
    "ctime_ns": "bigint",
    "inode": "bigint",
    "sha256": "bytea",
    "crc32": "bigint",
    "media_type": "text",
    "reader": "text",
}
_SKY = {"hpx": "bigint", "hcell": "integer", "vertices": "double precision[]", "box": "text"}
INCOMING = (
    _HOLDING
    | _OBSCORE
    | _SKY
    | {"is_spectrum": "boolean"}
    | {f"spectrum_{name}": _SPECTRUM_TYPES.get(name, "text") for name in _SPECTRUM}
)


def _sql() -> dict[str, str]:
    """The statements of one batch; every name in them is a column of our own tables."""
    obscore, holding = ", ".join(_OBSCORE), ", ".join(_HOLDING)
    set_obscore = ", ".join(f"{c} = EXCLUDED.{c}" for c in _OBSCORE if c != "obs_publisher_did")
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
                readable_by = EXCLUDED.readable_by, state = 'present', ingested = now()""",  # noqa: S608
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


def record(
    item: Accepted, authority: str, collection: Collection, cell: tuple[int | None, int | None]
) -> tuple[Any, ...]:
    """The row of `incoming` for a file; `cell` is its hpx and hcell."""
    facts, stat = item.facts, item.stat
    values: dict[str, Any] = {name: getattr(facts, name) for name in _OBSCORE if name in _FACTS}
    values |= {
        "path": item.path,
        "size": stat.size,
        "mtime_ns": stat.mtime_ns,
        "ctime_ns": stat.ctime_ns,
        "inode": stat.inode,
        "sha256": item.sha256,
        "crc32": item.crc32,
        "media_type": item.media_type,
        "reader": item.reader,
        "obs_id": observation_id(collection.name, item.path),
        "obs_publisher_did": publisher_did(authority, collection.name, item.path),
        "publisher_id": authority,
        "access_format": item.media_type,
        "access_estsize": (stat.size + 999) // 1000,
        "data_rights": facts.data_rights or ("proprietary" if collection.readable_by else "public"),
        "hpx": cell[0],
        "hcell": cell[1],
        "vertices": facts.vertices,
        "box": box(facts.vertices, facts.s_region),
        "is_spectrum": facts.spectrum is not None,
    }
    if facts.spectrum is not None:
        values |= {f"spectrum_{name}": getattr(facts.spectrum, name) for name in _SPECTRUM}
    return tuple(values.get(name) for name in INCOMING)
