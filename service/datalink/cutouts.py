"""The descriptors of the cutout service in a list of links (SODA 1.0 §4.3)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from service.config import Settings
from service.cuttable.extents import inputs_of
from service.datalink.made import CUTTABLE
from service.results.cutouts import cutout_services
from service.results.descriptors import Service

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

# A document about more datasets describes the service once for all: clients copy what is described
# for each dataset that they follow.
MOST_DESCRIBED = 20
# The column of a list of links that names the dataset.
_ID_COLUMN = 0
_EXTENTS = f"""
    SELECT asked.n, dataproduct_type, s_region, em_min, em_max, em_xel, t_min, t_max, t_xel,
        pol_states, s_xel1, s_xel2
    FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, n)
    JOIN archive.dataset ON obs_publisher_did = asked.id AND starhaul.may_read(readable_by)
    WHERE EXISTS (
        SELECT 1 FROM archive.holding
        WHERE holding.dataset_id = dataset.id AND holding.state = 'present' AND ({CUTTABLE})
    )
"""  # noqa: S608


async def read_services(
    connection: "PoolConnectionProxy[asyncpg.Record]", ids: Sequence[str], settings: Settings
) -> list[Service]:
    """The descriptors that the rows of these datasets refer to, as `suffix` numbers them."""
    if len(ids) > MOST_DESCRIBED:
        return list(cutout_services(settings, _ID_COLUMN))
    rows = await connection.fetch(_EXTENTS, list(ids))
    return [
        service
        for row in rows
        for service in cutout_services(settings, _ID_COLUMN, inputs_of(dict(row)), f"-{row['n']}")
    ]


def suffix(ids: Sequence[str]) -> str:
    """SQL for what the XML ID of a descriptor ends with, of the n-th dataset of a list."""
    return "'-' || n" if len(ids) <= MOST_DESCRIBED else "''"
