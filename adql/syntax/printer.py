"""Tree to ADQL text, such that parsing the text gives the tree again."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from adql import quoting
from adql.syntax import tree
from adql.syntax.words import RESERVED

_REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def to_text(node: tree.Node) -> str:
    """ADQL text of a tree."""
    return _PRINTERS[type(node)](node)


def _list(nodes: Iterable[tree.Node]) -> str:
    return ", ".join(map(to_text, nodes))


def _identifier(node: tree.Identifier) -> str:
    plain = _REGULAR.match(node.name) and node.name.upper() not in RESERVED
    if node.delimited or not plain:
        return quoting.identifier(node.name)
    return node.name


def _dotted(parts: tuple[tree.Identifier, ...]) -> str:
    return ".".join(map(_identifier, parts))


def _not(negated: bool) -> str:
    return "NOT " if negated else ""


def _chain(node: tree.Arithmetic) -> str:
    rest = zip(node.operators, node.rest, strict=True)
    return to_text(node.first) + "".join(f" {op} {to_text(n)}" for op, n in rest)


def _in_literals(node: tree.InLiterals) -> str:
    pairs = zip(node.texts, node.are_strings, strict=True)
    items = ", ".join(quoting.string(text) if is_string else text for text, is_string in pairs)
    return f"{to_text(node.value)} {_not(node.negated)}IN ({items})"


def _like(node: tree.Like) -> str:
    word = "ILIKE" if node.ignore_case else "LIKE"
    return f"{to_text(node.value)} {_not(node.negated)}{word} {to_text(node.pattern)}"


def _aggregate(node: tree.Aggregate) -> str:
    if node.argument is None:
        return f"{node.name}(*)"
    quantifier = f"{node.quantifier} " if node.quantifier else ""
    return f"{node.name}({quantifier}{to_text(node.argument)})"


def _cast(node: tree.Cast) -> str:
    length = f"({node.target.length})" if node.target.length is not None else ""
    return f"CAST({to_text(node.operand)} AS {node.target.name}{length})"


def _case(node: tree.Case) -> str:
    pieces = ["CASE"] + ([to_text(node.subject)] if node.subject else [])
    pieces += [f"WHEN {to_text(b.condition)} THEN {to_text(b.value)}" for b in node.branches]
    pieces += [f"ELSE {to_text(node.otherwise)}"] if node.otherwise else []
    return " ".join([*pieces, "END"])


def _alias(alias: tree.Identifier | None) -> str:
    return f" AS {_identifier(alias)}" if alias else ""


def _star(node: tree.Star) -> str:
    return f"{_dotted(node.qualifier)}.*" if node.qualifier else "*"


def _join(node: tree.Join) -> str:
    condition = ""
    if node.on is not None:
        condition = f" ON {to_text(node.on)}"
    elif node.using:
        condition = f" USING ({_list(node.using)})"
    natural = "NATURAL " if node.natural else ""
    return f"{to_text(node.left)} {natural}{node.kind} JOIN {to_text(node.right)}{condition}"


def _select(node: tree.Select) -> str:
    pieces = ["SELECT"]
    pieces += [node.quantifier] if node.quantifier else []
    pieces += [f"DISTINCT ON ({_list(node.best_of)})"] if node.best_of else []
    pieces += [f"TOP {node.top}"] if node.top is not None else []
    pieces += [_list(node.items), "FROM", _list(node.tables)]
    pieces += [f"WHERE {to_text(node.where)}"] if node.where else []
    pieces += [f"GROUP BY {_list(node.group_by)}"] if node.group_by else []
    pieces += [f"HAVING {to_text(node.having)}"] if node.having else []
    return " ".join(pieces)


def _operand(node: tree.Node) -> str:
    if isinstance(node, tree.Query):
        return f"({to_text(node)})"
    return to_text(node)


def _set_operation(node: tree.SetOperation) -> str:
    rest = zip(node.operators, node.rest, strict=True)
    return _operand(node.first) + "".join(f" {op} {_operand(n)}" for op, n in rest)


def _query(node: tree.Query) -> str:
    pieces: list[str] = []
    if node.with_tables:
        tables = (f"{_identifier(c.name)} AS ({to_text(c.query)})" for c in node.with_tables)
        pieces.append("WITH " + ", ".join(tables))
    body = to_text(node.body)
    pieces.append(f"({body})" if isinstance(node.body, tree.Query) else body)
    if node.order_by:
        pieces.append(f"ORDER BY {_list(node.order_by)}")
    if node.offset is not None:
        pieces.append(f"OFFSET {node.offset}")
    return " ".join(pieces)


_PRINTERS: dict[type[tree.Node], Callable[[Any], str]] = {
    tree.Identifier: _identifier,
    tree.Number: lambda n: str(n.text),
    tree.String: lambda n: quoting.string(n.value),
    tree.Null: lambda n: "NULL",
    tree.Boolean: lambda n: str(n.value).upper(),
    tree.ColumnReference: lambda n: _dotted(n.parts),
    tree.Parens: lambda n: f"({to_text(n.operand)})",
    tree.Signed: lambda n: f"{n.sign}{to_text(n.operand)}",
    tree.Arithmetic: _chain,
    tree.Concatenation: lambda n: " || ".join(map(to_text, n.operands)),
    tree.Logical: lambda n: f" {n.operator} ".join(map(to_text, n.operands)),
    tree.Not: lambda n: f"NOT {to_text(n.operand)}",
    tree.Comparison: lambda n: f"{to_text(n.left)} {n.operator} {to_text(n.right)}",
    tree.Between: lambda n: (
        f"{to_text(n.value)} {_not(n.negated)}BETWEEN {to_text(n.low)} AND {to_text(n.high)}"
    ),
    tree.InList: lambda n: f"{to_text(n.value)} {_not(n.negated)}IN ({_list(n.items)})",
    tree.InLiterals: _in_literals,
    tree.InQuery: lambda n: f"{to_text(n.value)} {_not(n.negated)}IN ({to_text(n.query)})",
    tree.Like: _like,
    tree.IsNull: lambda n: f"{to_text(n.value)} IS {_not(n.negated)}NULL",
    tree.Exists: lambda n: f"EXISTS ({to_text(n.query)})",
    tree.Call: lambda n: f"{n.name}({_list(n.arguments)})",
    tree.UserCall: lambda n: f"{n.name.name}({_list(n.arguments)})",
    tree.Aggregate: _aggregate,
    tree.Cast: _cast,
    tree.Case: _case,
    tree.ScalarQuery: lambda n: f"({to_text(n.query)})",
    tree.Star: _star,
    tree.SelectItem: lambda n: to_text(n.expression) + _alias(n.alias),
    tree.TableName: lambda n: _dotted(n.parts) + _alias(n.alias),
    tree.DerivedTable: lambda n: f"({to_text(n.query)}){_alias(n.alias)}",
    tree.Join: _join,
    tree.ParensTable: lambda n: f"({to_text(n.operand)})",
    tree.Select: _select,
    tree.SetOperation: _set_operation,
    tree.OrderTerm: lambda n: to_text(n.expression) + (" DESC" if n.descending else ""),
    tree.Query: _query,
}
