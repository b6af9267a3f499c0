"""What the grammar leaves open in queries: what each version lets stand where, and how many."""

from adql.syntax import complaints, tree
from adql.syntax.checks.checker import Checker, unwrapped

MAX_JOINS = 64
MAX_SET_OPERANDS = 500
MAX_WITH_TABLES = 100


def select(c: Checker, node: tree.Select) -> None:
    for item in node.items:
        if isinstance(item, tree.SelectItem):
            _no_assignment(c, item.expression)
            c.value(item.expression)
            _apart(c, item)
        elif not item.qualifier and len(node.items) > 1:
            c.extension(item, "* beside other columns")
    if node.best_of:
        c.extension(node.best_of[0], "DISTINCT ON")
    for key in node.best_of:
        c.value(key)
    if node.where is not None:
        c.condition(node.where)
    if node.having is not None:
        c.condition(node.having)
    for term in node.group_by:
        c.value(term)
        if c.version == "2.0" and not isinstance(unwrapped(term), tree.ColumnReference):
            c.fail(term, "ADQL 2.0 groups by columns only: ask for LANG=ADQL-2.1")
    _count_joins(c, node, len(node.tables) - 1)


def _no_assignment(c: Checker, item: tree.Expression) -> None:
    """SELECT x = a + b names a column in SQL Server."""
    if not (isinstance(item, tree.Comparison) and item.operator == "="):
        return
    if isinstance(item.left, tree.ColumnReference) and len(item.left.parts) == 1:
        name = item.left.parts[0].name
        c.fail(item, f"'{name} = ...' gives a column no name: write ... AS {name}")


def _apart(c: Checker, item: tree.SelectItem) -> None:
    """A name directly after a number is none: 0x01 is not 0 named x01 (ADQL 2.1 §2.1.7)."""
    alias = item.alias
    if alias is None or alias.delimited or alias.span.start != item.expression.span.end:
        return
    if c.text[alias.span.start - 1] in "0123456789.":
        word = c.text[item.expression.span.start : alias.span.end]
        c.fail(item, complaints.number_with_letters(word))


def query(c: Checker, node: tree.Query) -> None:
    if node.with_tables:
        c.needs_2_1(node.with_tables[0], "WITH")
    if len(node.with_tables) > MAX_WITH_TABLES:
        c.fail(node.with_tables[0], f"more than {MAX_WITH_TABLES} tables in WITH")
    if node.offset is not None:
        c.needs_2_1(node, "OFFSET")
    if isinstance(node.body, tree.Query):
        c.needs_2_1(node, "ORDER BY after a query in parentheses")
    for term in node.order_by:
        c.value(term.expression)
        if c.version == "2.0" and not _is_sort_key_2_0(term.expression):
            message = "ADQL 2.0 sorts by plain column names and ordinals only"
            c.fail(term, f"{message}: ask for LANG=ADQL-2.1")


def _is_sort_key_2_0(expression: tree.Expression) -> bool:
    """sort_key of ADQL 2.0, Appendix A."""
    if isinstance(expression, tree.Number):
        return expression.text.isdigit()
    return isinstance(expression, tree.ColumnReference) and len(expression.parts) == 1


def set_operation(c: Checker, node: tree.SetOperation) -> None:
    c.needs_2_1(node, node.operators[0])
    if len(node.rest) >= MAX_SET_OPERANDS:
        c.fail(node, f"more than {MAX_SET_OPERANDS} queries are combined")


def _count_joins(c: Checker, node: tree.Node, more: int) -> None:
    c.joins += more
    if c.joins > MAX_JOINS:
        c.fail(node, f"more than {MAX_JOINS} joins")


def join(c: Checker, node: tree.Join) -> None:
    _count_joins(c, node, 1)
    if node.kind == "CROSS":
        c.extension(node, "CROSS JOIN")
    if node.on is not None:
        c.condition(node.on)


def column(c: Checker, node: tree.ColumnReference) -> None:
    if len(node.parts) > 4:
        c.fail(node, "a column name has at most four parts: catalogue.schema.table.column")


def table(c: Checker, node: tree.TableName) -> None:
    if len(node.parts) > 3:
        c.fail(node, "a table name has at most three parts: catalogue.schema.table")
