"""First steps in four tools, as text to copy. A test runs each of them as printed."""

from dataclasses import dataclass
from urllib.parse import urlencode

from service.pages.holdings import Example
from service.results.formats import FORMATS


@dataclass(frozen=True)
class Step:
    """One tool: an id for the page, what to do in words, and the text to copy.

    `link` is set where the text is an address to follow.
    """

    tool: str
    name: str
    words: str
    text: str
    link: bool = False


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
    query = cone_query(example)
    indented = query.replace("\n", "\n    ")
    on_one_line = " ".join(query.split())
    parameters = urlencode({"LANG": "ADQL", "FORMAT": "csv", "QUERY": on_one_line})
    return [
        Step(
            "pyvo",
            "Python",
            "With pyvo, from pip or conda. The answer is an Astropy table.",
            "import pyvo\n\n"
            f'tap = pyvo.dal.TAPService("{base_url}/tap")\n'
            f'result = tap.search("""\n    {indented}\n""")\n'
            "print(result.to_table())\n",
        ),
        Step(
            "topcat",
            "TOPCAT",
            f"In the menu VO, choose TAP Query, enter {base_url}/tap as TAP URL and press Use "
            "Service. The same from a shell, with STILTS:",
            "stilts tapquery sync=true ofmt=ascii \\\n"
            f"    tapurl={base_url}/tap \\\n"
            f'    adql="{indented}"\n',
        ),
        Step(
            "curl",
            "curl",
            f"The answer as CSV. FORMAT may be any of {formats}.",
            "curl -sS --fail-with-body \\\n"
            f"    {base_url}/tap/sync \\\n"
            "    -d LANG=ADQL -d FORMAT=csv \\\n"
            f'    --data-urlencode QUERY="{indented}"\n',
        ),
        Step(
            "browser",
            "Browser",
            "The same query as an address. Its last column leads to the files.",
            f"{base_url}/tap/sync?{parameters}",
            link=True,
        ),
    ]
