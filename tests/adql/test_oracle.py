"""Values of generated expressions: PostgreSQL against Python, wherever an expression may stand."""

import math
import re
from datetime import datetime
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

import adql
from adql.catalogue import Column, Table
from adql.columns import ColumnMeta
from adql.syntax.words import Version
from schema.catalogue import TableCatalogue
from tests.adql.expression_oracle import ROWS, Expression, Generator, OutOfDouble, Row
from tests.conftest import CI, TestDatabase, run

BATCHES = 150 if CI else 10
BATCH = 12
_NO_VALUE = re.compile("has no value|takes numbers|division by zero|too large")

_TYPES = {
    "id": ("integer", "int"), "s": ("smallint", "short"), "i": ("integer", "int"),
    "b": ("bigint", "long"), "r": ("real", "float"), "d": ("double precision", "double"),
    "t": ("text", "unicodeChar"), "n": ("text", "char"), "m": ("timestamp", "char"),
}  # fmt: skip


def _column(name: str, sql_type: str, datatype: str) -> Column:
    size = "*" if datatype in ("char", "unicodeChar") else None
    xtype = "timestamp" if sql_type == "timestamp" else None
    unit = "deg" if name == "d" else None
    return Column(ColumnMeta(name, datatype, size, xtype, unit), f'"{name}"', sql_type)


SAMPLES = Table(
    "sky", "samples", '"sky"."samples"', tuple(_column(n, *types) for n, types in _TYPES.items())
)
CATALOGUE = TableCatalogue((SAMPLES,))
ALL = ", ".join(_TYPES)


@pytest.fixture(scope="module")
def samples(database: TestDatabase) -> str:
    """URL of a database with the rows of the oracle."""

    async def load() -> None:
        connection = await asyncpg.connect(database.url)
        columns = ", ".join(f'"{name}" {sql_type}' for name, (sql_type, _) in _TYPES.items())
        await connection.execute(f"CREATE SCHEMA sky; CREATE TABLE sky.samples ({columns});")
        await connection.execute("GRANT USAGE ON SCHEMA sky TO starhaul_reader")
        await connection.execute("GRANT SELECT ON sky.samples TO starhaul_reader")
        await connection.copy_records_to_table(
            "samples", schema_name="sky", records=[tuple(row.values()) for row in ROWS]
        )
        await connection.close()

    run(load())
    return database.read_url


def answers(url: str, queries: list[str], version: Version = "ADQL") -> list[list[tuple[Any, ...]]]:
    """Rows of each query; the text with parameters and the one with literals must agree."""
    translations = [adql.translate(query, CATALOGUE, version) for query in queries]

    async def work() -> list[list[tuple[Any, ...]]]:
        connection = await asyncpg.connect(url)
        found = []
        try:
            for query, translation in zip(queries, translations, strict=True):
                values = [p.value for p in translation.parameters]
                try:
                    literal = await connection.fetch(translation.literal_sql())
                    numbered = await connection.fetch(translation.sql, *values)
                except asyncpg.PostgresError as error:
                    raise AssertionError(f"{error}: {query}") from None
                assert repr(literal) == repr(numbered), query
                found.append([tuple(row) for row in literal])
        finally:
            await connection.close()
        return found

    return run(work())


def expected(expression: Expression) -> list[Any] | None:
    """The values of all rows, or None where one leaves double precision."""
    try:
        return [expression.value(row) for row in ROWS]
    except OutOfDouble:
        return None


def refused(expression: Expression, kind: str) -> bool:
    """Whether a constant in it has no value, which is told at translation."""
    text = expression.text
    written = f"CASE WHEN {text} THEN 1 END" if kind == "condition" else text
    try:
        adql.translate(f"SELECT {written} FROM sky.samples", CATALOGUE, "ADQL")
    except adql.ADQLError as error:
        return bool(_NO_VALUE.search(error.message))
    return False


def batch(seed: int, kind: str) -> list[tuple[Expression, list[Any]]]:
    """Expressions of one kind with the values they must have."""
    generator = Generator(seed)
    found: list[tuple[Expression, list[Any]]] = []
    while len(found) < BATCH:
        make = generator.rng.choice([generator.number, generator.text, generator.moment])
        expression = generator.condition(3) if kind == "condition" else make(3)
        values = expected(expression)
        if values is not None and not refused(expression, kind):
            found.append((expression, values))
    return found


def same(found: Any, wanted: Any) -> bool:
    if isinstance(found, float) or isinstance(wanted, float):
        if found is None or wanted is None:
            return found is wanted
        return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-300)
    return bool(found == wanted)


def check(expressions: list[tuple[Expression, list[Any]]], rows: list[tuple[Any, ...]]) -> None:
    assert len(rows) == len(ROWS)
    for index, (expression, values) in enumerate(expressions):
        for row, wanted in zip(rows, values, strict=True):
            assert same(row[index + 1], wanted), (
                expression.text,
                ROWS[row[0]],
                row[index + 1],
                wanted,
            )


def test_values_at_the_top_and_in_every_kind_of_subquery(samples: str) -> None:
    for seed in range(BATCHES):
        listed = batch(seed, "value")
        plain = ", ".join(e.text for e, _ in listed)
        named = ", ".join(f"{e.text} AS v{i}" for i, (e, _) in enumerate(listed))
        scalar = ", ".join(
            f"(SELECT {e.text} FROM sky.samples AS y WHERE y.id = x.id)" for e, _ in listed
        )
        # Names within a subquery are its own, not those of the query around it.
        queries = [
            f"SELECT id, {plain} FROM sky.samples ORDER BY id",
            f"SELECT q.* FROM (SELECT id, {named} FROM sky.samples) AS q ORDER BY q.id",
            f"WITH q AS (SELECT id, {named} FROM sky.samples) SELECT * FROM q ORDER BY 1",
            f"SELECT x.id, {scalar} FROM sky.samples AS x ORDER BY x.id",
            f"SELECT id, {plain} FROM sky.samples GROUP BY {ALL} ORDER BY id",
        ]
        for rows in answers(samples, queries):
            check(listed, rows)


def test_conditions_in_where_having_on_and_case(samples: str) -> None:
    for seed in range(BATCHES):
        for condition, values in batch(seed, "condition"):
            wanted = [row["id"] for row, value in zip(ROWS, values, strict=True) if value]
            joined = (
                f"(SELECT {ALL} FROM sky.samples) AS q JOIN (SELECT id AS k FROM sky.samples) AS p"
            )
            queries = [
                f"SELECT id FROM sky.samples WHERE {condition.text} ORDER BY id",
                f"SELECT id FROM sky.samples GROUP BY {ALL} HAVING {condition.text} ORDER BY id",
                f"SELECT id FROM {joined} ON p.k = q.id AND ({condition.text}) ORDER BY id",
                f"SELECT id FROM sky.samples WHERE 1 = CASE WHEN {condition.text} THEN 1 END "
                "ORDER BY id",
                f"SELECT id FROM sky.samples WHERE id IN (SELECT id FROM sky.samples WHERE "
                f"{condition.text}) ORDER BY id",
            ]
            for rows in answers(samples, queries):
                assert [row[0] for row in rows] == wanted, condition.text


def test_order_is_that_of_the_values(samples: str) -> None:
    """NULL comes last, texts by code point."""
    for seed in range(BATCHES):
        # A bare number in ORDER BY would be an ordinal.
        listed = [(e, v) for e, v in batch(seed, "value") if not re.fullmatch("[0-9.e]+", e.text)]
        queries = [f"SELECT id FROM sky.samples ORDER BY {e.text}, id" for e, _ in listed]
        for (expression, values), rows in zip(listed, answers(samples, queries), strict=True):
            keys: list[tuple[bool, Any, int]] = [
                (v is None, _null_of(values) if v is None else v, row["id"])
                for v, row in zip(values, ROWS, strict=True)
            ]
            if _near(values):
                continue
            assert [row[0] for row in rows] == [key[2] for key in sorted(keys)], expression.text


def _null_of(values: list[Any]) -> Any:
    known = [v for v in values if v is not None]
    return known[0] if known else 0


def _near(values: list[Any]) -> bool:
    """Whether rounding in the last digit could change the order."""
    numbers = sorted(v for v in values if isinstance(v, float))
    return any(a != b and math.isclose(a, b, rel_tol=1e-11) for a, b in pairwise(numbers))


def test_the_oracle_knows_every_type() -> None:
    """What the generator draws from: each type is among the values, and so is NULL."""
    kinds: set[type] = set()
    for seed in range(30):
        for _, values in batch(seed, "value"):
            kinds |= {type(v) for v in values}
    assert {int, float, str, datetime, type(None)} <= kinds
    row: Row = ROWS[0]
    assert set(row) == set(_TYPES)
