"""Functions of other systems that users type: what to write here instead."""

from collections.abc import Mapping

# Functions of SQL and of other archives, in upper case: what does the same here.
INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(("STDDEV", "STDDEV_SAMP", "STDEV", "IVO_STDDEV"), "sh_stddev(x)"),
    **dict.fromkeys(("VARIANCE", "VAR_SAMP", "VAR", "IVO_VARIANCE"), "POWER(sh_stddev(x), 2)"),
    "MEDIAN": "sh_median(x)",
    **dict.fromkeys(("PERCENTILE_CONT", "QUANTILE", "PERCENTILE"), "sh_percentile(x, 0.25)"),
    **dict.fromkeys(("CORR", "IVO_CORR"), "sh_corr(x, y)"),
    "MAD": "sh_mad(x)",
    **dict.fromkeys(
        ("STRING_AGG", "GROUP_CONCAT", "ARRAY_AGG", "LISTAGG"), "ivo_string_agg(text, ', ')"
    ),
    "MEAN": "AVG(x)",
    **dict.fromkeys(("ROLLUP", "CUBE"), "a UNION of one query a grouping"),
    "GREATEST": "sh_greatest(a, b)",
    "LEAST": "sh_least(a, b)",
    "NULLIF": "sh_nullif(a, b)",
    **dict.fromkeys(("ISNULL", "IFNULL", "NVL"), "COALESCE(a, b)"),
    **dict.fromkeys(("LENGTH", "LEN", "CHAR_LENGTH", "CHARACTER_LENGTH"), "sh_length(text)"),
    **dict.fromkeys(("SUBSTRING", "SUBSTR", "ESO_SUBSTRING"), "sh_substring(text, start, length)"),
    **dict.fromkeys(("LEFT", "MID"), "sh_substring(text, 1, length)"),
    **dict.fromkeys(("CHARINDEX", "POSITION", "STRPOS", "INSTR", "PATINDEX"), "text LIKE '%part%'"),
    **dict.fromkeys(("REGEXP", "REGEXP_LIKE", "REGEXP_MATCHES"), "text LIKE '%part%'"),
    **dict.fromkeys(("TRIM", "BTRIM", "LTRIM", "RTRIM"), "sh_trim(text)"),
    "REPLACE": "sh_replace(text, old, new)",
    "LOWERCASE": "LOWER(text)",
    "LCASE": "LOWER(text)",
    "UPPERCASE": "UPPER(text)",
    "UCASE": "UPPER(text)",
    "CONCAT": "a || b",
    "MATCH": "text LIKE '%part%'",
    "SIGN": "sh_sign(x)",
    "CBRT": "sh_cbrt(x)",
    "SINH": "sh_sinh(x)",
    "COSH": "sh_cosh(x)",
    "TANH": "sh_tanh(x)",
    "ASINH": "sh_asinh(x)",
    "LN": "LOG(x)",
    "POW": "POWER(x, n)",
    "CEIL": "CEILING(x)",
    "TRUNC": "TRUNCATE(x)",
    "RANDOM": "RAND()",
    "SQUARE": "POWER(x, 2)",
    "LOG2": "LOG(x) / LOG(2)",
    "ATN2": "ATAN2(y, x)",
    **{f"{name}D": f"{name}(RADIANS(x))" for name in ("SIN", "COS", "TAN")},
    **dict.fromkeys(("IF", "IIF", "DECODE"), "CASE WHEN a = 1 THEN b ELSE c END"),
    **dict.fromkeys(("TO_CHAR", "STR"), "CAST(value AS VARCHAR)"),
    **dict.fromkeys(("EXTRACT", "DATE_PART", "DATEPART", "YEAR"), "ivo_to_jd(timestamp), in days"),
    **dict.fromkeys(("DATEDIFF", "TIMESTAMPDIFF", "AGE"), "ivo_to_mjd(b) - ivo_to_mjd(a)"),
    "GETDATE": "a timestamp: '2026-01-31T00:00:00'",
    "NOW": "a timestamp: '2026-01-31T00:00:00'",
    **dict.fromkeys(("TO_DATE", "TO_TIMESTAMP", "DATE"), "CAST(text AS TIMESTAMP)"),
    **dict.fromkeys(("CONVERT", "TO_NUMBER", "FLOAT"), "CAST(value AS DOUBLE PRECISION)"),
    **dict.fromkeys(("GAVO_TO_MJD", "CEFCA_TS_TO_MJD"), "ivo_to_mjd(timestamp)"),
    **dict.fromkeys(("GAVO_TO_JD", "CEFCA_TS_TO_JD"), "ivo_to_jd(timestamp)"),
    "GAVO_SPECCONV": "IN_UNIT(column, 'unit')",
    "GAVO_TRANSFORM": "ivo_geom_transform('GALACTIC', 'ICRS', geometry)",
    "GAVO_HASWORD": "ivo_hasword(text, 'words')",
    "GAVO_NORMAL_RANDOM": "ivo_normal_random(mu, sigma)",
    **dict.fromkeys(
        ("EPOCH_PROP_POS", "IVO_APPLY_PM", "GAVO_APPLY_PM"),
        "ivo_epoch_prop_pos(ra, dec, parallax, pmra, pmdec, radialVelocity, refEpoch, outEpoch)",
    ),
    **dict.fromkeys(
        ("EPOCH_PROP", "IVO_EPOCH_PROP"),
        "sh_epoch_prop(ra, dec, parallax, pmra, pmdec, radialVelocity, refEpoch, outEpoch)",
    ),
    "IVO_INTERVAL_HAS": "value BETWEEN low AND high",
    "SCISQL_NANOJANSKYTOABMAG": "sh_njy_to_abmag(flux)",
    "SCISQL_NANOJANSKYTOABMAGSIGMA": "sh_njy_to_abmag_error(flux, error)",
    "SCISQL_ANGSEP": "DISTANCE(ra1, dec1, ra2, dec2)",
    "Q3C_DIST": "DISTANCE(ra1, dec1, ra2, dec2)",
    "FGREATCIRCLEDIST": "DISTANCE(ra1, dec1, ra2, dec2)",
    "Q3C_JOIN": "1 = CONTAINS(POINT(ra1, dec1), CIRCLE(ra2, dec2, radius))",
    "Q3C_RADIAL_QUERY": "1 = CONTAINS(POINT(ra, dec), CIRCLE(lon, lat, radius))",
    "Q3C_POLY_QUERY": "1 = CONTAINS(POINT(ra, dec), POLYGON(...))",
    "SCISQL_S2PTINCIRCLE": "1 = CONTAINS(POINT(ra, dec), CIRCLE(lon, lat, radius))",
    "SPOINT": "POINT(lon, lat), in degrees",
    **dict.fromkeys(("SPOLY", "SBOX"), "POLYGON(lon1, lat1, lon2, lat2, lon3, lat3), in degrees"),
    "LONG": "COORD1(point)",
    "LAT": "COORD2(point)",
    "FGETNEARBYOBJEQ": "1 = CONTAINS(POINT(ra, dec), CIRCLE(lon, lat, radius))",
    "INTERVAL": "value BETWEEN low AND high",
    "MOC": "a CIRCLE or POLYGON",
    "SCIRCLE": "CIRCLE(lon, lat, radius), in degrees",
    "ESO_INTERSECTION": "INTERSECTS(a, b)",
}
_SIMBADPOINT = (
    "ivo_simbadpoint is not served: the archive asks no other service while it runs a query. Look "
    "the name up first and write POINT(ra, dec)"
)


def advice(name: str) -> str | None:
    """What is said to a user of a function that another system has, or None."""
    upper = name.upper()
    if upper == "IVO_SIMBADPOINT":
        return _SIMBADPOINT
    here = INSTEAD.get(upper)
    if here is None:
        return None
    return (
        f"{name} is not ADQL: write {here}" if "_" not in name else f"no {name} here: write {here}"
    )
