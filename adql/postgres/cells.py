"""HEALPix cells that a table holds already: those of its indexed position."""

from typing import TYPE_CHECKING

from adql.sky import constants
from adql.sql import Sql
from adql.syntax import tree

if TYPE_CHECKING:
    from adql.postgres.expressions import Expressions

_ORDER = 29
"""Of the cells in a table's hidden column."""


def stored_cell(e: "Expressions", node: tree.UserCall) -> Sql | None:
    """ivo_healpix_index of a literal order and the position of an indexed table: two bits fewer for
    each order below 29. None for any other call."""
    if node.name.name.lower() != "ivo_healpix_index":
        return None
    order = constants.number(node.arguments[0])
    where = node.arguments[1:]
    position = e.sky.places.coordinates(where[0]) if len(where) == 1 else (where[0], where[1])
    if position is None or not isinstance(order, int) or not 0 <= order <= _ORDER:
        return None
    place = e.sky.places.place(*position)
    if place is None or place.sky.hpx is None:
        return None
    return f"({place.alias}.{place.sky.hpx} >> {2 * (_ORDER - order)})"
