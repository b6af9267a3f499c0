"""The optional features of ADQL that queries here may use (ADQL 2.1 §4, TAPRegExt 1.0 §2.3)."""

from collections.abc import Iterable

from vo_models.tapregext.models import LanguageFeature, LanguageFeatureList

from adql.functions.user_functions import describe

# ADQL 2.1 §4.1 wants lower case throughout. TOPCAT compares with case and knows the spelling of
# TAPRegExt 1.0; the one feature that it does not know is spelled as ADQL has it.
_TYPE = "ivo://ivoa.net/std/TAPRegExt#features-"
_LOWER_CASE = ("adql-conditional",)

FEATURES: dict[str, tuple[str, ...]] = {
    "adqlgeo": (
        "AREA",
        "BOX",
        "CENTROID",
        "CIRCLE",
        "CONTAINS",
        "COORD1",
        "COORD2",
        "COORDSYS",
        "DISTANCE",
        "INTERSECTS",
        "POINT",
        "POLYGON",
        "REGION",
    ),
    "adql-string": ("LOWER", "UPPER", "ILIKE"),
    "adql-common-table": ("WITH",),
    "adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
    "adql-type": ("CAST",),
    "adql-unit": ("IN_UNIT",),
    "adql-offset": ("OFFSET",),
    "adql-conditional": ("COALESCE",),
}


def language_features() -> list[LanguageFeatureList]:
    """Every feature of the standard by its type: user-defined functions with their signatures,
    then the optional ones."""
    named = [
        _features(_type_of(kind), ((form, None) for form in forms))
        for kind, forms in FEATURES.items()
    ]
    return [_features(_type_of("udf"), describe()), *named]


def _type_of(kind: str) -> str:
    name = f"{_TYPE}{kind}"
    return name.lower() if kind in _LOWER_CASE else name


def _features(kind: str, forms: Iterable[tuple[str, str | None]]) -> LanguageFeatureList:
    return LanguageFeatureList(
        type=kind,
        feature=[LanguageFeature(form=form, description=said) for form, said in forms],
    )
