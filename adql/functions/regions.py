"""Regions and ranges of coordinates, whose sides are meridians and parallels."""

from adql.functions.declaration import UserFunction, call

REGIONS = (
    UserFunction(
        "sh_meets_range",
        (
            ("region", "REGION"),
            ("west", "DOUBLE"),
            ("width", "DOUBLE"),
            ("south", "DOUBLE"),
            ("north", "DOUBLE"),
        ),
        "INTEGER",
        "1 if a region has a position in common with the longitudes from west over width degrees "
        "eastward and the latitudes from south to north, in degrees, else 0.",
        call("starhaul.meets_range"),
        condition=True,
    ),
)
