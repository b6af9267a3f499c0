"""From rows to the images that hold them: one statement for some thousand rows, then the next.

A position is looked up in the index of the images' outlines, and then compared with the outline
itself (DESIGN §5). What comes of it waits in a temporary table until tasks are formed of all.
"""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.pairing.loading import ANY_ROW
from service.pairing.naming_columns import name_sql
from service.pairing.request import Best, Match, PairingRequest

_ROWS = 5000  # matched at once

MATCHED = """
CREATE TEMPORARY TABLE matched (
    holding_id bigint, row bigint, dataset_id bigint, pixels integer, band text,
    low double precision, high double precision, octets double precision, name text
) ON COMMIT DROP
"""
# Masks, weights and errors are images of the archive too; a position means the sky's.
_BY_POSITION = """
    SELECT asked.*, near.id AS dataset_id FROM asked CROSS JOIN LATERAL (
        SELECT * FROM archive.dataset
        WHERE dataset.box @> cube(starhaul.unit_vector(asked.ra, asked.dec))
        OFFSET 0) AS near  -- the index first, whatever PostgreSQL expects of the rest
    WHERE asked.dataset IS NULL AND dataproduct_type IN ('image', 'cube') AND near.present
      AND (dataproduct_subtype IN ('weight', 'mask', 'error')) IS NOT TRUE
      AND starhaul.may_read(near.readable_by)
      AND starhaul.holds(near.vertices, asked.ra, asked.dec)
"""
_BY_NAME = """
    SELECT asked.*, dataset.id AS dataset_id FROM asked
    JOIN archive.dataset ON dataset.obs_publisher_did = asked.dataset
    WHERE dataproduct_type IN ('image', 'cube') AND dataset.present
      AND starhaul.may_read(dataset.readable_by)
"""
# Which of the bands that are wanted the image has: the nearest to its middle.
_HAS_BAND = """
    SELECT band.name, band.low, band.high FROM pairing.band
    WHERE pairing_id = :pairing_id AND said = coalesce(found.band, CAST(:any_row AS text))
      AND em_min <= high AND em_max >= low
    ORDER BY abs(ln((em_min + em_max) / (low + high))) LIMIT 1
"""
_CANDIDATES = """
    SELECT found.row, found.label,
        coalesce(found.ra, s_ra) AS ra, coalesce(found.dec, s_dec) AS dec,
        found.pixels AS asked_pixels, found.degrees, dataset.*, has.name AS band, has.low, has.high,
        holding.id AS file, holding.path,
        CASE WHEN found.pixels IS NOT NULL THEN found.pixels
             WHEN s_pixel_scale > 0
             THEN greatest(1, least(round(found.degrees * 3600 / s_pixel_scale), {pixels}))
        END AS side,
        power(x - cosd(found.dec) * cosd(found.ra), 2)
            + power(y - cosd(found.dec) * sind(found.ra), 2)
            + power(z - sind(found.dec), 2) AS off_centre
    FROM found
    JOIN archive.dataset ON dataset.id = found.dataset_id
    JOIN archive.holding ON holding.dataset_id = dataset.id AND semantics = '#this'
         AND starhaul.may_read(holding.readable_by)
    LEFT JOIN LATERAL ({has_band}) AS has ON true
    WHERE (has.low IS NOT NULL OR found.band IS NULL AND NOT CAST(:banded AS boolean))
      AND CASE WHEN found.collection IS NOT NULL
               THEN lower(found.collection) = lower(obs_collection)
               ELSE cardinality(CAST(:collections AS text[])) = 0
                 OR lower(obs_collection) = ANY (CAST(:collections AS text[])) END
"""
_BEST: dict[Best, str] = {
    "centre": "off_centre",
    "depth": "t_exptime DESC NULLS LAST, off_centre",
    "band": "abs(ln((em_min + em_max) / (low + high))) NULLS LAST, off_centre",
}
_ONE_OF: dict[Match, str] = {
    "all": "row, file",
    "best": "row",
    "per-band": "row, coalesce(band, em_min || ' ' || em_max)",
}
_RANKED = """
    SELECT *, row_number() OVER (PARTITION BY {one_of}
                                 ORDER BY {best}, obs_publisher_did, file) AS place
    FROM candidates
"""
_MATCH = """
WITH asked AS MATERIALIZED (
    SELECT * FROM pairing.wanted
    WHERE pairing_id = :pairing_id AND row BETWEEN :first AND :last AND error IS NULL
), found AS MATERIALIZED ({by_position} UNION ALL {by_name}
), candidates AS MATERIALIZED ({candidates}
), ranked AS ({ranked}
), kept AS (
    INSERT INTO pg_temp.matched
    SELECT file, row, id, side, band, low, high,
        power(coalesce(side, 100), 2) * 4 * greatest(coalesce(em_xel, 1), 1), {name}
    FROM ranked WHERE place = 1
)
INSERT INTO pairing.outcome (pairing_id, row, status, error)
SELECT :pairing_id, row, status, reason FROM asked CROSS JOIN LATERAL (
    SELECT CASE WHEN asked.dataset IS NULL OR EXISTS (SELECT FROM found WHERE row = asked.row)
                THEN 'no_overlap' ELSE 'error' END AS status,
        CASE WHEN EXISTS (SELECT FROM found WHERE row = asked.row)
             THEN 'no image here is of the band and collection that are asked for, and open to you'
             WHEN asked.dataset IS NOT NULL THEN asked.dataset
                 || ' is no image or cube of this archive, or you may not read it'
             ELSE 'no image of this archive holds the position' END AS reason) AS verdict
WHERE NOT EXISTS (SELECT FROM candidates WHERE row = asked.row)
"""
_WRONG = """
INSERT INTO pairing.outcome (pairing_id, row, status, error)
SELECT pairing_id, row, 'error', error FROM pairing.wanted
WHERE pairing_id = :pairing_id AND error IS NOT NULL
"""


def match_sql(request: PairingRequest, largest: int) -> tuple[str, dict[str, object]]:
    """The statement, with the values that are bound to all its names but :pairing_id, :first and
    :last. UsageError where NAMING names what there is not."""
    name, values = name_sql(request.naming)
    ranked = _RANKED.format(one_of=_ONE_OF[request.match], best=_BEST[request.best])
    sql = _MATCH.format(
        by_position=_BY_POSITION,
        by_name=_BY_NAME,
        candidates=_CANDIDATES.format(pixels=largest, has_band=_HAS_BAND),
        ranked=ranked,
        name=name,
    )
    return sql, values | {
        "any_row": ANY_ROW,
        "banded": bool(request.bands),
        "collections": [each.lower() for each in request.collections],
    }


async def match_rows(
    connection: AsyncConnection,
    pairing_id: int,
    request: PairingRequest,
    rows: int,
    say: Callable[[str], None],
    largest: int,
) -> None:
    """Fill pg_temp.matched, and write the outcomes of rows that nothing can be cut for.

    The caller's transaction acts as whoever asked (`act_as`).
    """
    await connection.execute(text(MATCHED))
    await connection.execute(text(_WRONG), {"pairing_id": pairing_id})
    await connection.execute(text("ANALYZE pairing.wanted"))
    sql, values = match_sql(request, largest)
    statement = text(sql)
    for first in range(1, rows + 1, _ROWS):
        say(f"Looking for images: {first - 1:,} of {rows:,} rows")
        span = {"pairing_id": pairing_id, "first": first, "last": first + _ROWS - 1}
        await connection.execute(statement, values | span)
