"""HEALPix cells, nested (UDF catalogue 1.2 §2.1)."""

from adql.functions.declaration import UserFunction, call

HEALPIX = (
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", "INTEGER"), ("long", "DOUBLE"), ("lat", "DOUBLE")),
        "BIGINT",
        "Index of the HEALPix cell (nested) of an order from 0 to 29 that holds a position in "
        "degrees.",
        call("starhaul.healpix_nest"),
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", "INTEGER"), ("point", "POINT")),
        "BIGINT",
        "Index of the HEALPix cell (nested) of an order from 0 to 29 that holds a point.",
        call("starhaul.healpix_nest"),
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_center",
        (("hpxOrder", "INTEGER"), ("hpxIndex", "BIGINT")),
        "POINT",
        "Centre of the HEALPix cell (nested) with this index, of an order from 0 to 29.",
        call("starhaul.healpix_center"),
    ),
)
