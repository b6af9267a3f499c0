"""User-defined functions: one declaration gives name, signature, description and SQL.

Those of the IVOA's catalogue mean what the catalogue says (Endorsed Note "Catalogue of ADQL User
Defined Functions" 1.2).  `describe()` feeds TAPRegExt capabilities.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adql.sql import Sql
from adql.values import Value, geometry, of_sql_type

_TYPES: dict[str, Value] = {
    "VARCHAR(*)": of_sql_type("text"),
    "INTEGER": of_sql_type("integer"),
    "BIGINT": of_sql_type("bigint"),
    "DOUBLE": of_sql_type("double precision"),
    "TIMESTAMP": of_sql_type("timestamp"),
    "POINT": geometry("point"),
}


@dataclass(frozen=True, slots=True)
class UserFunction:
    """One form of a function; several forms may share a name."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    returns: str
    description: str
    sql: Callable[[Sequence[Sql]], Sql]
    aggregate: bool = False
    ucd: str | None = None

    @property
    def signature(self) -> str:
        """As TAPRegExt writes it: name(parameter TYPE, ...) -> TYPE."""
        parameters = ", ".join(f"{name} {kind}" for name, kind in self.parameters)
        return f"{self.name}({parameters}) -> {self.returns}"

    @property
    def takes(self) -> tuple[Value, ...]:
        """The values its parameters are."""
        return tuple(_TYPES[kind] for _, kind in self.parameters)

    @property
    def gives(self) -> Value:
        """The value it returns."""
        value = _TYPES[self.returns]
        return of_sql_type(value.sql_type, ucd=self.ucd) if self.ucd else value


def _function(name: str) -> Callable[[Sequence[Sql]], Sql]:
    def call(arguments: Sequence[Sql]) -> Sql:
        pieces: list[Sql] = [f"starhaul.{name}("]
        for index, argument in enumerate(arguments):
            pieces += (", ", argument) if index else (argument,)
        return (*pieces, ")")

    return call


def _julian(zero: str) -> Callable[[Sequence[Sql]], Sql]:
    """Days since a date, without time zones: timestamps here have none."""

    def call(arguments: Sequence[Sql]) -> Sql:
        return ("(extract(epoch from ", arguments[0], f")::double precision / 86400 + {zero})")

    return call


_TEXT = "VARCHAR(*)"
_ALL = (
    UserFunction(
        "ivo_hasword",
        (("haystack", _TEXT), ("needle", _TEXT)),
        "INTEGER",
        "1 if every word of needle is in haystack, compared without case, else 0.",
        _function("hasword"),
    ),
    UserFunction(
        "ivo_nocasematch",
        (("value", _TEXT), ("pattern", _TEXT)),
        "INTEGER",
        "1 if value matches the LIKE pattern, compared without case, else 0.",
        lambda a: ("(", a[0], " ILIKE ", a[1], " ESCAPE '')::integer"),
    ),
    UserFunction(
        "ivo_hashlist_has",
        (("hashlist", _TEXT), ("item", _TEXT)),
        "INTEGER",
        "1 if item is one of the words that # separates in hashlist, compared without case.",
        lambda a: ("(lower(", a[1], ") = ANY (string_to_array(lower(", a[0], "), '#')))::integer"),
    ),
    UserFunction(
        "ivo_string_agg",
        (("expression", _TEXT), ("delimiter", _TEXT)),
        _TEXT,
        "The values of expression in the group, joined by delimiter.",
        lambda a: ("string_agg(", a[0], ", ", a[1], ")"),
        aggregate=True,
    ),
    UserFunction(
        "ivo_interval_overlaps",
        (("a1", "DOUBLE"), ("b1", "DOUBLE"), ("a2", "DOUBLE"), ("b2", "DOUBLE")),
        "INTEGER",
        "1 if the interval [a1, b1] overlaps or touches [a2, b2], else 0.",
        _function("interval_overlaps"),
    ),
    UserFunction(
        "ivo_to_jd",
        (("d", "TIMESTAMP"),),
        "DOUBLE",
        "A timestamp as Julian Date, without regard to time scales.",
        _julian("2440587.5"),
        ucd="time.epoch",
    ),
    UserFunction(
        "ivo_to_mjd",
        (("d", "TIMESTAMP"),),
        "DOUBLE",
        "A timestamp as Modified Julian Date, without regard to time scales.",
        _julian("40587"),
        ucd="time.epoch",
    ),
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", "INTEGER"), ("long", "DOUBLE"), ("lat", "DOUBLE")),
        "BIGINT",
        "Index of the HEALPix cell (nested) of an order that holds a position in degrees.",
        _function("healpix_nest"),
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", "INTEGER"), ("point", "POINT")),
        "BIGINT",
        "Index of the HEALPix cell (nested) of an order that holds a point.",
        _function("healpix_nest"),
        ucd="pos.healpix",
    ),
)

USER_FUNCTIONS: dict[str, tuple[UserFunction, ...]] = {
    f.name: tuple(g for g in _ALL if g.name == f.name) for f in _ALL
}


def describe() -> tuple[tuple[str, str], ...]:
    """Signature and description of every function (TAPRegExt 1.0 §2.3, features-udf)."""
    return tuple((f.signature, f.description) for f in _ALL)
