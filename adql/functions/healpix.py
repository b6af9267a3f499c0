"""HEALPix cells, nested (UDF catalogue 1.2 §2.1)."""

from collections.abc import Callable, Sequence

from adql.functions.declaration import BadArgument, UserFunction, call, literal
from adql.sql import Sql


def _of_order(function: str) -> Callable[[Sequence[Sql]], Sql]:
    """A call whose first argument, where it is a literal, is an order there is."""

    def write(arguments: Sequence[Sql]) -> Sql:
        order = literal(arguments[0])
        if isinstance(order, int) and not 0 <= order <= 29:
            raise BadArgument(0, f"there is no HEALPix order {order}: give 0 to 29")
        return call(function)(arguments)

    return write


HEALPIX = (
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", "INTEGER"), ("long", "DOUBLE"), ("lat", "DOUBLE")),
        "BIGINT",
        "Index of the HEALPix cell (nested) of an order from 0 to 29 that holds a position in "
        "degrees.",
        _of_order("starhaul.healpix_index"),
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", "INTEGER"), ("point", "POINT")),
        "BIGINT",
        "Index of the HEALPix cell (nested) of an order from 0 to 29 that holds a point.",
        _of_order("starhaul.healpix_index"),
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_center",
        (("hpxOrder", "INTEGER"), ("hpxIndex", "BIGINT")),
        "POINT",
        "Centre of the HEALPix cell (nested) with this index, of an order from 0 to 29.",
        _of_order("starhaul.healpix_center"),
    ),
)
