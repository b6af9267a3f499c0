"""SELECT DISTINCT ON, the best row of each group: an extension, on real PostgreSQL."""

import re

import pytest

import adql
from adql.syntax.words import Version
from tests.adql.conftest import CATALOGUE, Sky

# sky.plain: id 0, 1, 2, ...; weight is id modulo 7.


def test_the_first_row_of_each_group_is_kept_and_the_result_has_the_users_order(sky: Sky) -> None:
    query = "SELECT DISTINCT ON (weight) weight, id FROM sky.plain WHERE id < 100 ORDER BY id DESC"
    assert sky.rows(query, "ADQL") == [(n % 7, n) for n in range(99, 92, -1)]


def test_any_order_top_and_offset(sky: Sky) -> None:
    query = (
        "SELECT DISTINCT ON (MOD(id, 2), weight) TOP 3 id AS n, weight FROM sky.plain "
        "WHERE id < 100 ORDER BY MOD(id, 3), 1 DESC, weight OFFSET 1"
    )
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for number in range(100):
        key = (number % 2, number % 7)
        best[key] = min(best.get(key, (9, 0)), (number % 3, -number))
    wanted = [(-n, -n % 7) for _, n in sorted(best.values())][1:4]
    assert sky.rows(query, "ADQL") == wanted


def test_groups_by_output_names_ordinals_and_expressions(sky: Sky) -> None:
    for key in ("kind", "1", "CASE WHEN id < 50 THEN 'low' ELSE 'high' END", "UPPER('x'), kind"):
        query = (
            f"SELECT DISTINCT ON ({key}) CASE WHEN id < 50 THEN 'low' ELSE 'high' END AS kind, id "
            "FROM sky.plain WHERE id < 100 ORDER BY id DESC"
        )
        assert sky.rows(query, "ADQL") == [("high", 99), ("low", 49)], key


def test_a_row_without_a_value_is_never_the_best(sky: Sky) -> None:
    """Every third star has no name; the star of id -1 has no position."""
    query = (
        "SELECT DISTINCT ON (MOD(id, 2)) id, name FROM sky.stars WHERE id BETWEEN 0 AND 9 "
        "ORDER BY name DESC"
    )
    assert sky.rows(query, "ADQL") == [(8, "Star 8"), (7, "Star 7")]


def test_within_groups_subqueries_and_set_operations(sky: Sky) -> None:
    grouped = (
        "SELECT DISTINCT ON (MOD(weight, 2)) weight, COUNT(*) AS n FROM sky.plain WHERE id < 30 "
        "GROUP BY weight ORDER BY n DESC, weight"
    )
    assert sky.rows(grouped, "ADQL") == [(0, 5), (1, 5)]
    within = (
        "SELECT q.n FROM (SELECT DISTINCT ON (weight) id AS n FROM sky.plain ORDER BY id) AS q "
        "WHERE q.n IN (SELECT DISTINCT ON (weight) id FROM sky.plain ORDER BY id) "
        "UNION SELECT DISTINCT ON (weight) id FROM sky.plain WHERE id < 3"
    )
    assert sorted(sky.rows(within, "ADQL")) == [(n,) for n in range(7)]


def test_it_is_refused_in_the_standard_versions_and_where_it_makes_no_sense() -> None:
    query = "SELECT DISTINCT ON (weight) id FROM sky.plain"
    standard: tuple[Version, ...] = ("2.0", "2.1")
    for version in standard:
        with pytest.raises(adql.ADQLError, match="DISTINCT ON is an extension: ask for LANG=ADQL"):
            adql.parse(query, version)
    for refused, message in {
        "SELECT DISTINCT ON (COUNT(*)) id FROM sky.plain": "an aggregate cannot stand in DISTINCT",
        "SELECT DISTINCT ON (id) weight FROM sky.plain GROUP BY weight": "'id' is neither grouped",
        "SELECT DISTINCT ON (3) id FROM sky.plain": "3 is no column of the result, which has 1",
        "SELECT DISTINCT ON (id = 1) id FROM sky.plain": "a condition stands where a value",
    }.items():
        with pytest.raises(adql.ADQLError, match=re.escape(message)):
            adql.translate(refused, CATALOGUE, "ADQL")
