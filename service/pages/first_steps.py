"""First steps in four tools, as text to copy. A test runs each of them as printed."""

from service.html.snippets import Step, snippets
from service.pages.holdings import Example
from service.results.formats import FORMATS


def cone_query(example: Example) -> str:
    """ADQL for what lies in the example's cone and reaches redder than 500 nm, on five lines."""
    circle = f"CIRCLE({example.ra}, {example.dec}, {example.radius})"
    return "\n".join(
        (
            "SELECT target_name, em_min, em_max, access_url",
            "FROM ivoa.obscore",
            "WHERE 1 = CONTAINS(POINT(s_ra, s_dec),",
            f"                   {circle})",
            "  AND em_max > 5e-7",
        )
    )


def first_steps(base_url: str, example: Example) -> list[Step]:
    """The steps for an archive at `base_url` (no trailing slash)."""
    formats = ", ".join(each.names[0] for each in FORMATS)
    return snippets(base_url, cone_query(example), formats)
