"""Intervals and sexagesimal angles (UDF catalogue 1.2 §2.6, §2.7), the choice between two values,
and mathematics that ADQL lacks."""

from collections.abc import Iterator

from adql.functions.declaration import UserFunction, call


def _choices() -> Iterator[UserFunction]:
    """Functions of two values of one type, for each type that has an order."""
    said = {
        "greatest": "The greater of two values; where one is NULL, the other.",
        "least": "The lesser of two values; where one is NULL, the other.",
        "nullif": "NULL where both values are equal, else the first.",
    }
    for name, description in said.items():
        like = (0,) if name == "nullif" else (0, 1)
        for kind in ("BIGINT", "DOUBLE", "VARCHAR", "TIMESTAMP"):
            yield UserFunction(
                f"sh_{name}",
                (("a", kind), ("b", kind)),
                kind,
                description,
                call(name),
                ucd="{}",
                like=like,
            )


CONVENIENCES = (
    UserFunction(
        "ivo_interval_overlaps",
        (("a1", "DOUBLE"), ("b1", "DOUBLE"), ("a2", "DOUBLE"), ("b2", "DOUBLE")),
        "INTEGER",
        "1 if the interval [a1, b1] overlaps or touches [a2, b2], else 0.",
        call("starhaul.intervals_meet"),
        condition=True,
    ),
    UserFunction(
        "ivo_hms_to_degrees",
        (("hms", "VARCHAR"),),
        "DOUBLE",
        "Hours, minutes, seconds ('3:34:45.4', '033445.4', '3h34m45.4s', '3 34 45.4') in degrees; "
        "NULL for anything else.",
        call("starhaul.hms_to_degrees"),
        unit="deg",
    ),
    UserFunction(
        "ivo_dms_to_degrees",
        (("dms", "VARCHAR"),),
        "DOUBLE",
        "Degrees, minutes, seconds ('-42:9:6.7', '-420906.7', '-42d9m6.7s', '-42 9 6.7') in "
        "degrees; NULL for anything else.",
        call("starhaul.dms_to_degrees"),
        unit="deg",
    ),
    *_choices(),
    *(
        UserFunction(f"sh_{name}", (("x", "DOUBLE"),), "DOUBLE", description, call(name))
        for name, description in {
            "sign": "-1, 0 or 1.",
            "cbrt": "Cube root, of negative numbers too.",
            "sinh": "Hyperbolic sine.",
            "cosh": "Hyperbolic cosine.",
            "tanh": "Hyperbolic tangent.",
            "asinh": "Inverse hyperbolic sine.",
        }.items()
    ),
    UserFunction(
        "sh_njy_to_abmag",
        (("flux", "DOUBLE"),),
        "DOUBLE",
        "AB magnitude of a flux density in nanojansky; NULL where it is not above zero.",
        call("starhaul.njy_to_abmag"),
        unit="mag",
        ucd="phot.mag",
    ),
    UserFunction(
        "sh_njy_to_abmag_error",
        (("flux", "DOUBLE"), ("error", "DOUBLE")),
        "DOUBLE",
        "Error of the AB magnitude of a flux density in nanojansky with an error.",
        call("starhaul.njy_to_abmag_error"),
        unit="mag",
        ucd="stat.error;phot.mag",
    ),
)
