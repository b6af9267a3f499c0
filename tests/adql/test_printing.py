"""Generated trees: printed, and parsed to the same tree again."""

from hypothesis import HealthCheck, given, settings

import adql
from adql.syntax import tree
from adql.syntax.printer import to_text
from tests.adql.generated import queries
from tests.conftest import CI

wide = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=500 if CI else 25,
)


@wide
@given(queries("2.0"))
def test_a_printed_tree_of_2_0_parses_to_itself(query: tree.Query) -> None:
    assert adql.parse(to_text(query), "2.0") == query


@wide
@given(queries("2.1"))
def test_a_printed_tree_of_2_1_parses_to_itself_and_is_plain_adql_too(query: tree.Query) -> None:
    text = to_text(query)
    assert adql.parse(text, "2.1") == adql.parse(text, "ADQL") == query


@wide
@given(queries("ADQL"))
def test_a_printed_tree_with_extensions_parses_to_itself(query: tree.Query) -> None:
    assert adql.parse(to_text(query), "ADQL") == query
