"""Mutated queries end in a translation or in ADQLError, and nothing else."""

import random
import re

import asyncpg
from hypothesis import given
from hypothesis import strategies as st

import adql
from tests.adql.conftest import CATALOGUE, Sky
from tests.adql.test_translation import COUNTS, REFUSED, VALUES
from tests.conftest import CI, run

CASES = 100_000 if CI else 2_000

SEEDS = [
    *COUNTS,
    *REFUSED,
    *(f"SELECT {value}, id FROM sky.stars WHERE 1 = 1" for value in VALUES),
    "SELECT CASE id WHEN 1 THEN name END, POINT(ra, dec) FROM sky.stars GROUP BY 1, 2",
    "SELECT DISTINCT ON (MOD(id, 2), weight, n) TOP 3 id AS n, COUNT(*), weight, 1 FROM sky.plain "
    "GROUP BY id, weight HAVING id > 2 ORDER BY MOD(id, 3), 1 DESC, weight, 2 OFFSET 1",
    "SELECT DISTINCT ON (1, name) POINT(ra, dec), name, NULL FROM sky.stars ORDER BY mag DESC",
]
TOKEN = re.compile(r"\d+\.?\d*|\w+|'[^']*'|\"[^\"]*\"|<>|<=|>=|\|\||\S")
TOKENS = sorted({token for seed in SEEDS for token in TOKEN.findall(seed)})


def kind(token: str) -> str:
    """Numbers, strings, names and signs are replaced by their like, mostly."""
    return "9" if token[0].isdigit() else "a" if token[0].isalpha() else token[0]


def mutated(seed: int) -> str:
    """A query of the seeds with tokens replaced, dropped, doubled or moved."""
    rng = random.Random(seed)
    tokens = TOKEN.findall(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(tokens))
        if rng.random() < 0.7:
            alike = [t for t in TOKENS if kind(t) == kind(tokens[at])]
            tokens[at] = rng.choice(alike)
        else:
            tokens[at : at + rng.randint(0, 2)] = rng.choices(TOKENS, k=rng.randint(0, 2))
        tokens = tokens or ["SELECT"]
    return " ".join(tokens)


def translated(text: str) -> adql.Translation | None:
    try:
        return adql.translate(text, CATALOGUE, "ADQL")
    except adql.ADQLError:
        return None


@given(st.text(max_size=200) | st.integers().map(mutated))
def test_no_other_exception_escapes(text: str) -> None:
    translation = translated(text)
    if translation is not None:
        assert translation.literal_sql().lstrip("(").startswith(("SELECT ", "WITH q1 AS ("))


def test_what_is_translated_is_understood_by_postgresql(sky: Sky) -> None:
    """PostgreSQL refuses nothing for its names, types or grammar: only for values, when it runs."""
    accepted = [t for t in map(translated, map(mutated, range(CASES))) if t is not None]
    assert len(accepted) > CASES // 20

    async def prepare() -> list[str]:
        connection = await asyncpg.connect(sky.url)
        wrong = []
        for translation in accepted:
            try:
                await connection.prepare(translation.literal_sql())
            except asyncpg.DataError:
                continue
            except asyncpg.PostgresError as error:
                wrong.append(f"{error}: {translation.literal_sql()}")
        await connection.close()
        return wrong

    assert run(prepare()) == []
