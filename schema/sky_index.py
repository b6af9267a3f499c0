"""Indexes of a table on the sky: what a SkyPosition or SkyRegion of the catalogue declares."""

from adql.catalogue import SkyPosition, SkyRegion
from schema.catalogue import quoted


def position_indexes(relation: str, position: SkyPosition, ra: str, dec: str) -> tuple[str, ...]:
    """CREATE INDEX for conditions with constants (`hpx`) and for joins (zones).

    `relation` is quoted as it stands in SQL; `ra` and `dec` are the physical names of the columns.
    """
    statements = []
    if position.hpx is not None:
        statements.append(f"CREATE INDEX ON {relation} ({position.hpx})")
    if position.zones:
        columns = f"starhaul.zone({quoted(dec)}), starhaul.turn({quoted(ra)})"
        statements.append(f"CREATE INDEX ON {relation} ({columns})")
    return tuple(statements)


def region_index(relation: str, region: SkyRegion) -> str:
    """CREATE INDEX for a region's boxes."""
    return f"CREATE INDEX ON {relation} USING gist ({region.box})"
