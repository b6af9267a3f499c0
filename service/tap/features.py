"""The optional features of ADQL that queries here may use (ADQL 2.1 §4, TAPRegExt 1.0 §2.3)."""

from collections.abc import Iterable

from vo_models.tapregext.models import LanguageFeature, LanguageFeatureList

from adql.functions.user_functions import describe
from adql.syntax.extensions import EXTENSIONS

_TYPE = "ivo://ivoa.net/std/TAPRegExt#features-"

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


def language_features(authority: str) -> list[LanguageFeatureList]:
    """Every feature by its type: user-defined functions with their signatures, those of the
    standard, and extensions, whose type no standard names, under the archive's own authority."""
    named = [
        _features(f"{_TYPE}{kind}", ((form, None) for form in forms))
        for kind, forms in FEATURES.items()
    ]
    functions = _features(f"{_TYPE}udf", describe())
    return [functions, *named, _features(f"{authority}#features-adql-extensions", EXTENSIONS)]


def _features(kind: str, forms: Iterable[tuple[str, str | None]]) -> LanguageFeatureList:
    return LanguageFeatureList(
        type=kind,
        feature=[LanguageFeature(form=form, description=said) for form, said in forms],
    )
