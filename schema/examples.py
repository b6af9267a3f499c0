"""Example queries: those on the tables that every archive has, and those of published tables.

DALI's /tap/examples and the explorer show the same list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Example:
    """A query with its words. `name` is unique, of a-z, 0-9 and hyphens: it stands in URLs."""

    name: str
    title: str
    description: str
    query: str


# In the grammar of ADQL 2.0, which the parser of every client knows (POINT has a frame there).
OBSCORE_EXAMPLES: tuple[Example, ...] = (
    Example(
        "what-there-is",
        "What the archive holds",
        "Every collection with its kinds of data: how many datasets, and the wavelengths in metres "
        "and the times (MJD) between which they lie.",
        "SELECT obs_collection, dataproduct_type, COUNT(*) AS datasets,\n"
        "       MIN(em_min) AS shortest, MAX(em_max) AS longest,\n"
        "       MIN(t_min) AS first_seen, MAX(t_max) AS last_seen\n"
        "FROM ivoa.obscore\n"
        "GROUP BY obs_collection, dataproduct_type\n"
        "ORDER BY obs_collection, dataproduct_type",
    ),
    Example(
        "cone",
        "Everything around a position",
        "All datasets within 0.5 degree of the open cluster M 35.",
        "SELECT target_name, dataproduct_type, s_ra, s_dec,\n"
        "       t_min, em_min, em_max, access_url\n"
        "FROM ivoa.obscore\n"
        "WHERE 1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 92.25, 24.33, 0.5))\n"
        "ORDER BY t_min",
    ),
    Example(
        "images-of-a-point",
        "Images that show a point",
        "Outlines of images lie in s_region. This finds those that contain the centre of M 35, the "
        "shortest wavelengths first.",
        "SELECT obs_publisher_did, target_name, em_min, em_max, s_region, access_url\n"
        "FROM ivoa.obscore\n"
        "WHERE dataproduct_type = 'image'\n"
        "  AND 1 = CONTAINS(POINT('ICRS', 92.25, 24.33), s_region)\n"
        "ORDER BY em_min",
    ),
    Example(
        "spectra-with-h-alpha",
        "Spectra that cover H alpha",
        "The fifty spectra with the highest signal-to-noise ratio that have 656.46 nm, where "
        "hydrogen's line lies in vacuum.",
        "SELECT TOP 50 obs_publisher_did, target_name, em_res_power, s_snr, access_url\n"
        "FROM ivoa.obscore\n"
        "WHERE dataproduct_type = 'spectrum'\n"
        "  AND 656.46e-9 BETWEEN em_min AND em_max\n"
        "  AND s_snr IS NOT NULL\n"
        "ORDER BY s_snr DESC",
    ),
    Example(
        "observed-often",
        "Objects observed more than once",
        "Targets with several spectra, and the days between the first and the last.",
        "SELECT target_name, COUNT(*) AS spectra, MAX(t_min) - MIN(t_min) AS days\n"
        "FROM ivoa.obscore\n"
        "WHERE dataproduct_type = 'spectrum' AND target_name IS NOT NULL\n"
        "GROUP BY target_name\n"
        "HAVING COUNT(*) > 1\n"
        "ORDER BY spectra DESC, target_name",
    ),
    Example(
        "observed-in-a-year",
        "What was observed in a year",
        "Times are Modified Julian Dates: 58119 is the beginning of 2018, 58484 that of 2019.",
        "SELECT obs_collection, COUNT(*) AS datasets, SUM(t_exptime) / 3600 AS hours\n"
        "FROM ivoa.obscore\n"
        "WHERE t_min >= 58119\n"
        "  AND t_min < 58484\n"
        "GROUP BY obs_collection\n"
        "ORDER BY datasets DESC",
    ),
    Example(
        "map-of-the-sky",
        "A map of the sky",
        "Datasets in each HEALPix cell of order 3 (7.3 degrees), nested. TOPCAT's sky plot draws "
        "the cells as they come.",
        "SELECT hpx3, COUNT(*) AS datasets\n"
        "FROM (SELECT ivo_healpix_index(3, s_ra, s_dec) AS hpx3\n"
        "      FROM ivoa.obscore WHERE s_ra IS NOT NULL) AS placed\n"
        "GROUP BY hpx3\n"
        "ORDER BY datasets DESC",
    ),
)

TAP_SCHEMA_EXAMPLES: tuple[Example, ...] = (
    Example(
        "tables-and-sizes",
        "All tables and how many columns they have",
        "TAP_SCHEMA describes every table, itself too.",
        "SELECT t.table_name, COUNT(*) AS n_columns, t.description\n"
        "FROM tap_schema.tables AS t\n"
        "JOIN tap_schema.columns AS c ON c.table_name = t.table_name\n"
        "GROUP BY t.table_name, t.description\n"
        "ORDER BY n_columns DESC",
    ),
    Example(
        "columns-by-ucd",
        "Columns that hold a wavelength",
        "A UCD says what a column means, whatever its name; those of wavelengths begin with em.wl.",
        "SELECT table_name, column_name, unit, ucd, description\n"
        "FROM tap_schema.columns\n"
        "WHERE ucd LIKE 'em.wl%'\n"
        "ORDER BY table_name, column_index",
    ),
)


def with_published(rows: Iterable[Record]) -> tuple[Example, ...]:
    """The examples on standard tables, then those of published tables, named after both."""
    found = {example.name: example for example in (*OBSCORE_EXAMPLES, *TAP_SCHEMA_EXAMPLES)}
    for row in rows:
        wanted = name = _slug(f"{row['table_name']} {row['title']}")
        number = 2
        while name in found:
            name = f"{wanted}-{number}"
            number += 1
        found[name] = Example(name, row["title"], row["description"] or "", row["query"])
    return tuple(found.values())


async def read_examples(
    connection: "Connection[Record] | PoolConnectionProxy[Record]",
) -> tuple[Example, ...]:
    """All examples of the archive, in the order in which to show them."""
    return with_published(
        await connection.fetch(
            "SELECT table_name, title, query, description FROM archive.example "
            "ORDER BY table_name, position"
        )
    )


def _slug(text: str) -> str:
    """The letters a-z and digits of a text, joined by hyphens; begins with a letter."""
    words = "-".join(re.findall("[a-z0-9]+", text.lower()))
    return words if words[:1].isalpha() else f"x-{words}".rstrip("-")
