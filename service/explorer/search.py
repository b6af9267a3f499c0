"""Search over names, descriptions, UCDs and units of everything that can be browsed."""

from collections.abc import Iterable, Sequence

from adql.functions.user_functions import describe
from schema.statistics import Session
from service.examples import TableExample
from service.explorer.twins import Content

_MOST = 200

# Every word must be somewhere in the text; names that have the first word come first.
_QUERY = """
    WITH thing AS (
        SELECT 1 AS rank, 'schema' AS kind, schema_name AS name, NULL AS table_name,
               NULL AS datatype, NULL AS unit, NULL AS ucd, description
        FROM tap_schema.schemas
        UNION ALL
        SELECT 2, 'table', table_name, NULL, NULL, NULL, NULL,
               concat_ws(': ', nullif(p.title, t.description), t.description)
        FROM tap_schema.tables t LEFT JOIN archive.published p USING (table_name)
        UNION ALL
        SELECT 3, 'column', column_name, table_name,
               datatype, unit, ucd, description
        FROM tap_schema.columns)
    SELECT kind, name, table_name AS table, datatype, unit, ucd, description
    FROM thing
    WHERE (SELECT bool_and(strpos(
               lower(concat_ws(' ', name, table_name, unit, ucd, description)), word) > 0)
           FROM unnest($1::text[]) AS word)
    ORDER BY lower(name) = $1[1] DESC, starts_with(lower(name), $1[1]) DESC,
             strpos(lower(name), $1[1]) > 0 DESC, rank, table_name, name
    LIMIT $2
"""


async def search(connection: Session, asked: str, examples: Sequence[TableExample]) -> Content:
    """What has all words of the question, at most _MOST schemas, tables and columns."""
    words = asked.lower().split()
    if not words:
        return {"q": asked, "more": False, "matches": []}
    rows = await connection.fetch(_QUERY, words, _MOST + 1)
    matches = [dict(row) for row in rows[:_MOST]]
    matches += _in_words("function", describe(), words)
    titles = ((e.example.name, f"{e.example.title}. {e.example.description}") for e in examples)
    matches += _in_words("example", titles, words)
    return {"q": asked, "more": len(rows) > _MOST, "matches": matches}


def _in_words(kind: str, things: Iterable[tuple[str, str]], words: Sequence[str]) -> list[Content]:
    """Things of a name and a description that have all words."""
    return [
        {"kind": kind, "name": name, "description": said}
        for name, said in things
        if all(word in f"{name} {said}".lower() for word in words)
    ]
