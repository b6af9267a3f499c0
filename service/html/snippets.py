"""One query in the words of several tools, as text to copy."""

from dataclasses import dataclass
from urllib.parse import urlencode


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


def snippets(base_url: str, query: str, formats: str) -> list[Step]:
    """The query in pyvo, TOPCAT with STILTS, curl and a browser; `formats` are their names.

    `base_url` is the archive's, without a trailing slash.
    """
    indented = query.replace("\n", "\n    ")
    parameters = urlencode({"LANG": "ADQL", "FORMAT": "csv", "QUERY": _on_one_line(query)})
    return [
        Step(
            "pyvo",
            "Python",
            "With pyvo, from pip or conda. The answer is an Astropy table.",
            "import pyvo\n\n"
            f'tap = pyvo.dal.TAPService("{base_url}/tap")\n'
            f'result = tap.search("""\n    {_in_python(indented)}\n""")\n'
            "print(result.to_table())\n",
        ),
        Step(
            "topcat",
            "TOPCAT",
            f"In the menu VO, choose TAP Query, enter {base_url}/tap as TAP URL and press Use "
            "Service. The same from a shell, with STILTS:",
            "stilts tapquery sync=true ofmt=ascii \\\n"
            f"    tapurl={base_url}/tap \\\n"
            f'    adql="{_in_shell(indented)}"\n',
        ),
        Step(
            "curl",
            "curl",
            f"The answer as CSV. FORMAT may be any of {formats}.",
            "curl -sS --fail-with-body \\\n"
            f"    {base_url}/tap/sync \\\n"
            "    -d LANG=ADQL -d FORMAT=csv \\\n"
            f'    --data-urlencode QUERY="{_in_shell(indented)}"\n',
        ),
        Step(
            "browser",
            "Browser",
            "The same query as an address, for a link or a script.",
            f"{base_url}/tap/sync?{parameters}",
            link=True,
        ),
    ]


def _on_one_line(query: str) -> str:
    """Without line breaks, unless something in it would mean something else then."""
    return query if "--" in query or "'" in query else " ".join(query.split())


def _in_python(query: str) -> str:
    """As it stands between three double quotes and line breaks."""
    return query.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _in_shell(query: str) -> str:
    """As it stands between double quotes."""
    for character in ("\\", '"', "$", "`"):
        query = query.replace(character, f"\\{character}")
    return query
