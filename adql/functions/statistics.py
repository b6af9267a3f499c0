"""Statistics (UDF catalogue 1.2 §2.5), and the aggregates that ADQL lacks."""

from collections.abc import Sequence

from adql.functions.declaration import BadArgument, UserFunction, call, literal
from adql.sql import Sql


def _percentile(arguments: Sequence[Sql]) -> Sql:
    value, fraction = arguments
    number = literal(fraction)
    if not isinstance(number, float) or not 0 <= number <= 1:
        raise BadArgument(1, "write the fraction as a number from 0 to 1: 0.25")
    return ("percentile_cont(", fraction, ") WITHIN GROUP (ORDER BY ", value, ")")


STATISTICS = (
    UserFunction(
        "ivo_histogram",
        (("val", "DOUBLE"), ("lower", "DOUBLE"), ("upper", "DOUBLE"), ("nbins", "INTEGER")),
        "INTEGER[]",
        "Counts of val in the group: below lower (and NULL), in nbins bins of equal width from "
        "lower to upper, above upper.",
        call("starhaul.histogram"),
        aggregate=True,
        ucd="meta.number",
    ),
    UserFunction(
        "ivo_normal_random",
        (("mu", "DOUBLE"), ("sigma", "DOUBLE")),
        "DOUBLE",
        "A random number of the normal distribution with mean mu and standard deviation sigma.",
        call("starhaul.normal_random"),
        like=(0, 1),
        random=True,
    ),
    UserFunction(
        "sh_median",
        (("x", "DOUBLE"),),
        "DOUBLE",
        "Median of the group: the mean of the two middle values where their number is even.",
        lambda a: ("percentile_cont(0.5) WITHIN GROUP (ORDER BY ", a[0], ")"),
        aggregate=True,
        ucd="{};stat.median",
        like=(0,),
    ),
    UserFunction(
        "sh_percentile",
        (("x", "DOUBLE"), ("fraction", "DOUBLE")),
        "DOUBLE",
        "Value below which a fraction (0 to 1, a literal) of the group lies, interpolated between "
        "neighbours.",
        _percentile,
        aggregate=True,
        ucd="{}",
        like=(0,),
    ),
    UserFunction(
        "sh_stddev",
        (("x", "DOUBLE"),),
        "DOUBLE",
        "Sample standard deviation of the group (divided by n - 1).",
        call("stddev_samp"),
        aggregate=True,
        ucd="stat.stdev;{}",
        like=(0,),
    ),
    UserFunction(
        "sh_mad",
        (("x", "DOUBLE"),),
        "DOUBLE",
        "Median absolute deviation of the group from its median; times 1.4826 it estimates the "
        "standard deviation.",
        call("starhaul.median_deviation"),
        aggregate=True,
        like=(0,),
    ),
    UserFunction(
        "sh_corr",
        (("x", "DOUBLE"), ("y", "DOUBLE")),
        "DOUBLE",
        "Pearson's correlation coefficient of x and y in the group.",
        call("corr"),
        aggregate=True,
        ucd="stat.correlation",
    ),
)
