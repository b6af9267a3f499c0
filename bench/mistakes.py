"""What keeps queries that people published or typed from being ADQL, and how often.

No figure of time: how many of the real-world queries parse, and the causes of the others.
Run: python -m bench.mistakes
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import adql

_QUERIES = Path(__file__).parents[2] / "shared" / "adql" / "real_world.jsonl"

CAUSES: Mapping[str, str] = {
    "a reserved word as a name": r"is a reserved word here|is a function: write",
    "the query ends too early": r"^the query ends",
    "a query without FROM": r"^FROM is missing: ",
    "operators of PostgreSQL on regions": r"^(<@|!<@|@>|&&|!&&) is not ADQL",
    "comments between /* and */": r"^/\* \*/ comments",
    "LIMIT": r"^LIMIT is not ADQL",
    "database..table": r"^two dots",
    "types of other servers": r"^no type|^'::' is not ADQL",
    "tables of a server's own space": r"TAP_UPLOAD",
    "functions of other servers": r"^no function|^functions have no schema|^no \w+ here|"
    r"^(?!LIMIT|INTO|LATERAL)\w+ is not ADQL: write",
    "% for the remainder": r"^% is not ADQL",
    "a parenthesis that is not closed": r"^this '\(' is not closed",
    "text that is no query": r"a query starts with SELECT|quotes around the query|"
    r"is no part of a query|"
    r"^between Select and",
    "comments after #": r"^# is not ADQL",
    "a value instead of a condition": r"^.* is a value where",
    "LATERAL": r"^LATERAL",
    "a quote within a text, or one too few": r"^a string is not closed|^'' is an empty text|"
    r"stands behind a text",
    "templates that nobody filled in": r"placeholder|^\[ is not ADQL",
    "patterns with ~": r"^~ is not ADQL",
    "a name that needs quotes": r": a plain name ",
    "a subquery without a name": r"^a query in FROM has a name",
    "an aggregate of an aggregate": r"^an aggregate within",
    "a unit behind a number": r"behind a number",
    "AS in ORDER BY": r"^AS gives no name",
}
"""Each cause and the messages that tell it; the first that fits counts."""


def cause(error: adql.ADQLError) -> str | None:
    """The cause of a refusal, or None where its message is of no known kind."""
    return next((name for name, said in CAUSES.items() if re.search(said, error.message)), None)


def refusal(query: str) -> adql.ADQLError | None:
    """Why a text is no ADQL, extensions included; None where it is."""
    try:
        adql.parse(query, "ADQL")
    except adql.ADQLError as error:
        return error
    return None


def published() -> list[str]:
    """The real-world queries of ../shared."""
    return [json.loads(line)["query"] for line in _QUERIES.read_text("utf-8").splitlines()]


def counts(queries: Iterable[str]) -> Counter[str | None]:
    """How many queries have each cause; the key "" counts those that parse."""
    refusals = map(refusal, queries)
    return Counter("" if error is None else cause(error) for error in refusals)


def main() -> None:
    """Print the table."""
    found = counts(published())
    total, parsed = found.total(), found.pop("", 0)
    print(f"{parsed} of {total} queries parse; {total - parsed} are refused:")
    for name, number in found.most_common():
        print(f"{number:5}  {name or 'something else'}")


if __name__ == "__main__":
    main()
