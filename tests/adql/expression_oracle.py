"""Random ADQL expressions, each with a second way to its value: Python's own arithmetic.

An expression is a text and a function from a row to its value; None is NULL.  Values are int,
float, str, datetime; conditions are True, False, None.
"""

import math
import operator
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import numpy as np
from astropy import units

Row = dict[str, Any]
DEGREE = math.pi / 180


class OutOfDouble(Exception):
    """Arithmetic left double precision: an error in the database by design."""


@dataclass(frozen=True)
class Expression:
    """ADQL text and the value it must have in a row."""

    text: str
    value: Callable[[Row], Any]


def _rows() -> list[Row]:
    rng = random.Random(20261121)
    choices: dict[str, list[Any]] = {
        "s": [0, 1, -1, 7, 32767, -32768, None, 30],
        "i": [0, 1, -3, 2147483647, -2147483648, 60, None, 3600],
        "b": [0, 9007199254740993, 2**63 - 1, -(2**63), -7, 12, None, 6917528443525529728],
        "r": [0.0, 1.5, -2.25, 0.1, 1e-30, 2e30, None, 17.3],
        "d": [0.0, -0.5, 2.5, 1.0, -1.0, 0.49999999999999994, None, 123456789.987654321, 89.9],
        "t": ["abc", "Äöü", "", None, "a%b_c", "x\\y", "Zed", "ABC", "it's", "É", "ab"],
        "n": ["12", " 3.5 ", "1e3", "no", "", None, "-7", "99999999999", "2.5", "1_0"],
        "m": [datetime(2000, 2, 29, 12, 30, 15, 250000), datetime(1999, 12, 31), None,
              datetime(2026, 11, 21, 8)],
    }  # fmt: skip
    rows = []
    for number in range(24):
        row: Row = {name: rng.choice(values) for name, values in choices.items()}
        if row["r"] is not None:
            row["r"] = float(np.float32(row["r"]))
        rows.append({"id": number, **row})
    return rows


ROWS = _rows()
INT64 = (-(2**63), 2**63 - 1)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        return None if None in values else function(*values)

    return call


def _double(value: Any) -> Any:
    return None if value is None else float(value)


def _kept(value: int, low: int, high: int) -> int | None:
    return value if low <= value <= high else None


def _floats(symbol: str, a: float, b: float) -> float | None:
    if symbol == "/" and b == 0:
        return None
    try:
        result: float = {"+": operator.add, "-": operator.sub, "*": operator.mul,
                         "/": operator.truediv}[symbol](a, b)  # fmt: skip
    except OverflowError:
        raise OutOfDouble from None
    if math.isinf(result) or (result == 0 and symbol in "*/" and a != 0):
        if symbol == "*" and b == 0:
            return result
        raise OutOfDouble
    return result


def _integers(symbol: str, a: int, b: int) -> int | None:
    if symbol == "/":
        return None if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return {"+": a + b, "-": a - b, "*": a * b}[symbol]


def _domain(function: Callable[..., float]) -> Callable[..., Any]:
    """NULL where mathematics has no value, or double precision no room for it."""

    def call(*values: float) -> float | None:
        try:
            result = function(*values)
        except (ValueError, OverflowError, ZeroDivisionError):
            return None
        return 0.0 if 0 < abs(result) < 2.3e-308 else result

    return call


def _decimals(rounding: str) -> Callable[[float, int], float]:
    def call(value: float, digits: int) -> float:
        exact = Decimal(repr(value))
        return float(exact.quantize(Decimal(1).scaleb(-digits), rounding, Context(prec=800)))

    return call


def _nearest(value: float) -> float:
    return math.copysign(float(Decimal(value).to_integral_value(ROUND_HALF_UP)), value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ACOS": math.acos, "ASIN": math.asin, "ATAN": math.atan, "COS": math.cos, "SIN": math.sin,
    "TAN": math.tan, "COT": lambda x: 1 / math.tan(x), "EXP": math.exp, "LOG": math.log,
    "LOG10": math.log10, "SQRT": math.sqrt, "CEILING": lambda x: float(np.ceil(x)),
    "FLOOR": lambda x: float(np.floor(x)), "DEGREES": lambda x: x / DEGREE,
    "RADIANS": lambda x: x * DEGREE, "ROUND": _nearest, "TRUNCATE": lambda x: float(np.trunc(x)),
}  # fmt: skip


def like(value: str, pattern: str, flags: int = 0) -> bool:
    """% and _ are wild, a backslash is itself."""
    parts = {"%": ".*", "_": "."}
    written = "".join(parts.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(written, value, re.DOTALL | flags) is not None


def numeric(text: str) -> Decimal | None:
    """The number that a text holds."""
    found = re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", text, re.ASCII)
    return Decimal(text.strip()) if found else None


WHOLE = {"SMALLINT": 15, "INTEGER": 31, "BIGINT": 63}


def cast_whole(target: str, value: Any) -> int | None:
    """Halves go to even from a double, away from zero from a text."""
    if isinstance(value, str):
        exact = numeric(value)
        if exact is None:
            return None
        whole = int(exact.to_integral_value(ROUND_HALF_UP))
    else:
        whole = round(value)
    return _kept(whole, -(2 ** WHOLE[target]), 2 ** WHOLE[target] - 1)


def cast_real(value: float) -> float | None:
    """Rounded to single precision."""
    if abs(value) < 1.1754943508222875e-38:
        return 0.0
    with np.errstate(over="ignore"):
        single = float(np.float32(value))
    return None if math.isinf(single) else single


def both(a: bool | None, b: bool | None) -> bool | None:
    """Three-valued AND."""
    return False if a is False or b is False else None if None in (a, b) else True


def negated(a: bool | None) -> bool | None:
    """Three-valued NOT."""
    return None if a is None else not a


def either(a: bool | None, b: bool | None) -> bool | None:
    """Three-valued OR."""
    return negated(both(negated(a), negated(b)))


def compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    """A comparison, in double precision where one side is."""

    def call(a: Any, b: Any) -> bool:
        return compare(float(a), float(b)) if float in (type(a), type(b)) else compare(a, b)

    return _strict(call)


COMPARISONS = {
    "=": compared(operator.eq), "<>": compared(operator.ne), "<": compared(operator.lt),
    "<=": compared(operator.le), ">": compared(operator.gt), ">=": compared(operator.ge),
}  # fmt: skip


class Generator:
    """Expressions from one random number generator."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def column(self, *names: str) -> Expression:
        name = self.rng.choice(names)
        return Expression(name, lambda row: row[name])

    def number(self, depth: int) -> Expression:
        """A number of any type."""
        return self.whole(depth) if self.rng.random() < 0.4 else self.double(depth)

    # -- whole numbers

    def whole(self, depth: int) -> Expression:
        if depth <= 0 or self.rng.random() < 0.2:
            if self.rng.random() < 0.3:
                value = self.rng.choice([0, 1, 2, 3, 7, 3600, 2147483647, 6917528443525529729])
                return Expression(str(value), lambda row: value)
            return self.column("s", "i", "b", "id")
        choose = [self.whole_chain, self.whole_call, self.whole_cast, self.negative_whole]
        return self.rng.choice(choose)(depth - 1)

    def whole_chain(self, depth: int) -> Expression:
        """a op b op c: from left to right, NULL if the end is no bigint."""
        symbols = self.rng.choice(["+-", "*/"])
        first, *rest = [self.whole(depth - 1) for _ in range(self.rng.randint(2, 3))]
        chain = [(self.rng.choice(symbols), e) for e in rest]

        def value(row: Row) -> int | None:
            total = first.value(row)
            for symbol, operand in chain:
                total = _strict(_integers)(symbol, total, operand.value(row))
            return None if total is None else _kept(total, *INT64)

        text = f"({first.text}" + "".join(f" {s} {e.text}" for s, e in chain) + ")"
        if any(s == "/" and e.text == "0" for s, e in chain):
            return self.whole(depth)
        return Expression(text, value)

    def whole_call(self, depth: int) -> Expression:
        a, b = self.whole(depth), self.whole(depth)
        if self.rng.random() < 0.5 or b.text == "0":
            return Expression(
                f"ABS({a.text})", lambda r: _strict(lambda v: _kept(abs(v), *INT64))(a.value(r))
            )

        def remainder(x: int, y: int) -> int | None:
            return None if y == 0 else abs(x) % abs(y) * (-1 if x < 0 else 1)

        return Expression(
            f"MOD({a.text}, {b.text})", lambda r: _strict(remainder)(a.value(r), b.value(r))
        )

    def whole_cast(self, depth: int) -> Expression:
        target = self.rng.choice(list(WHOLE))
        operand = self.rng.choice([self.whole, self.double, lambda _: self.column("n")])(depth)
        if operand.text[0].isdigit():
            return operand if operand.text.isdigit() else self.column("i")
        return Expression(
            f"CAST({operand.text} AS {target})",
            lambda r: _strict(lambda v: cast_whole(target, v))(operand.value(r)),
        )

    def negative_whole(self, depth: int) -> Expression:
        a = self.whole(depth)
        return Expression(
            f"(- {a.text})", lambda r: _strict(lambda v: _kept(-v, *INT64))(a.value(r))
        )

    # -- other numbers

    def double(self, depth: int) -> Expression:
        if depth <= 0 or self.rng.random() < 0.2:
            if self.rng.random() < 0.3:
                written = self.rng.choice(["0.1", "2.5", "1e3", "1.", ".25", "3.14159265358979"])
                return Expression(written, lambda row: float(written))
            return self.column("r", "d")
        choose = [self.double_chain, self.double_call, self.double_cast, self.binary_call,
                  self.rounded, self.in_unit, self.choice_of_doubles]  # fmt: skip
        return self.rng.choice(choose)(depth - 1)

    def double_chain(self, depth: int) -> Expression:
        """Whole numbers in front are computed as such: 1 / 2 * 3.0 is 0."""
        symbols = self.rng.choice(["+-", "*/"])
        operands = [self.number(depth), self.double(depth), self.number(depth)]
        chain = [(self.rng.choice(symbols), e) for e in operands[1:]]
        if any(s == "/" and re.fullmatch(r"0|0\.0*", e.text) for s, e in chain):
            return self.double(depth)

        def value(row: Row) -> float | None:
            total = _double(operands[0].value(row))
            for symbol, operand in chain:
                total = _strict(_floats)(symbol, total, _double(operand.value(row)))
            return total  # type: ignore[no-any-return]

        text = f"({operands[0].text}" + "".join(f" {s} {e.text}" for s, e in chain) + ")"
        return Expression(text, value)

    def double_call(self, depth: int) -> Expression:
        name = self.rng.choice(list(FUNCTIONS))
        a = self.columns_within(depth)
        function = _strict(_domain(FUNCTIONS[name]))
        return Expression(f"{name}({a.text})", lambda r: function(_double(a.value(r))))

    def columns_within(self, depth: int) -> Expression:
        """A number that is no constant: constants outside a domain are refused."""
        found = self.number(depth)
        while not re.search(r"\b(s|i|b|r|d|n|id)\b", found.text):
            found = self.number(depth)
        return found

    def binary_call(self, depth: int) -> Expression:
        name, function = self.rng.choice(
            [("ATAN2", math.atan2), ("POWER", math.pow), ("MOD", math.fmod)]
        )
        a, b = self.columns_within(depth), self.columns_within(depth)
        if name == "MOD":
            a = self.column("r", "d")
        checked = _strict(_domain(function))
        return Expression(
            f"{name}({a.text}, {b.text})",
            lambda r: checked(_double(a.value(r)), _double(b.value(r))),
        )

    def rounded(self, depth: int) -> Expression:
        name, rounding = self.rng.choice([("ROUND", ROUND_HALF_UP), ("TRUNCATE", ROUND_DOWN)])
        digits = self.rng.randint(-4, 6)
        a = self.number(depth)
        function = _strict(_decimals(rounding))
        return Expression(
            f"{name}({a.text}, {digits})", lambda r: function(_double(a.value(r)), digits)
        )

    def in_unit(self, depth: int) -> Expression:
        unit = self.rng.choice(["rad", "arcsec", "arcmin", "deg"])
        return Expression(
            f"IN_UNIT(d, '{unit}')",
            _on("d", lambda v: float((v * units.deg).to_value(units.Unit(unit)))),
        )

    def double_cast(self, depth: int) -> Expression:
        if self.rng.random() < 0.5:
            return Expression(
                "CAST(n AS DOUBLE PRECISION)",
                _on("n", lambda v: _double(numeric(v))),
            )
        a = self.columns_within(depth)
        return Expression(
            f"CAST({a.text} AS REAL)", lambda r: _strict(cast_real)(_double(a.value(r)))
        )

    def choice_of_doubles(self, depth: int) -> Expression:
        a, b, c = self.number(depth), self.double(depth), self.condition(depth)
        if self.rng.random() < 0.5:
            return Expression(
                f"CASE WHEN {c.text} THEN {a.text} ELSE {b.text} END",
                lambda r: _double(a.value(r) if c.value(r) else b.value(r)),
            )

        def first(row: Row) -> float | None:
            found = a.value(row)
            return _double(b.value(row) if found is None else found)

        return Expression(f"COALESCE({a.text}, {b.text})", first)

    # -- texts and moments

    def text(self, depth: int) -> Expression:
        if depth <= 0 or self.rng.random() < 0.3:
            if self.rng.random() < 0.4:
                value = self.rng.choice(["", "a", "it's", "back\\slash", "É", "%", "abc"])
                written = value.replace("'", "''")
                return Expression(f"'{written}'", lambda row: value)
            return self.column("t", "n")
        a, b = self.text(depth - 1), self.text(depth - 1)
        whole = self.whole(depth - 1)
        number = self.rng.randint(1, 4)
        return self.rng.choice(
            [
                Expression(f"UPPER({a.text})", lambda r: _strict(str.upper)(a.value(r))),
                Expression(f"LOWER({a.text})", lambda r: _strict(str.lower)(a.value(r))),
                Expression(
                    f"({a.text} || {b.text})",
                    lambda r: _strict(operator.add)(a.value(r), b.value(r)),
                ),
                Expression(
                    f"CAST({a.text} AS VARCHAR({number}))",
                    lambda r: _strict(lambda v: v[:number])(a.value(r)),
                ),
                Expression(
                    f"CAST({whole.text} AS VARCHAR)", lambda r: _strict(str)(whole.value(r))
                ),
                Expression(
                    f"COALESCE({a.text}, {b.text})",
                    lambda r: b.value(r) if a.value(r) is None else a.value(r),
                ),
            ]
        )

    def moment(self, depth: int) -> Expression:
        if self.rng.random() < 0.5:
            return self.column("m")
        value = datetime(2000, 1, 1) + timedelta(seconds=self.rng.randrange(10**8))
        return Expression(f"CAST('{value.isoformat()}' AS TIMESTAMP)", lambda row: value)

    # -- conditions

    def condition(self, depth: int) -> Expression:
        if depth > 0 and self.rng.random() < 0.4:
            a, b = self.condition(depth - 1), self.condition(depth - 1)
            c = self.condition(depth - 1)
            return self.rng.choice(
                [
                    # Without parentheses: AND binds closer than OR, NOT closer than AND.
                    Expression(
                        f"({a.text} OR {b.text} AND {c.text})",
                        lambda r: either(a.value(r), both(b.value(r), c.value(r))),
                    ),
                    Expression(
                        f"(NOT {a.text} AND {b.text})",
                        lambda r: both(negated(a.value(r)), b.value(r)),
                    ),
                    Expression(f"(NOT ({a.text}))", lambda r: negated(a.value(r))),
                ]
            )
        return self.predicate(depth - 1)

    def predicate(self, depth: int) -> Expression:
        make = self.rng.choice([self.whole, self.double, self.number, self.text, self.moment])
        a, b, c = make(depth), make(depth), make(depth)
        if make == self.number:
            return self.comparison(a, b)
        word = self.rng.choice(["", "NOT "])
        turn = negated if word else (lambda value: value)
        if make == self.text and self.rng.random() < 0.5:
            return self.like_predicate(a, word)
        return self.rng.choice(
            [
                self.comparison(a, b),
                Expression(
                    f"{a.text} {word}BETWEEN {b.text} AND {c.text}",
                    lambda r: turn(
                        both(
                            COMPARISONS[">="](a.value(r), b.value(r)),
                            COMPARISONS["<="](a.value(r), c.value(r)),
                        )
                    ),
                ),
                Expression(
                    f"{a.text} {word}IN ({b.text}, {c.text})",
                    lambda r: turn(
                        either(
                            COMPARISONS["="](a.value(r), b.value(r)),
                            COMPARISONS["="](a.value(r), c.value(r)),
                        )
                    ),
                ),
                Expression(f"{a.text} IS {word}NULL", lambda r: (a.value(r) is None) != bool(word)),
            ]
        )

    def comparison(self, a: Expression, b: Expression) -> Expression:
        symbol = self.rng.choice(list(COMPARISONS))
        return Expression(
            f"{a.text} {symbol} {b.text}",
            lambda r: COMPARISONS[symbol](a.value(r), b.value(r)),
        )

    def like_predicate(self, a: Expression, word: str) -> Expression:
        pattern = self.rng.choice(["%", "a%", "_b%", "%\\%", "A_C", "É", "%ö%", "x\\y", "a%b_c"])
        name, flags = self.rng.choice([("LIKE", 0), ("ILIKE", re.IGNORECASE)])

        def value(row: Row) -> bool | None:
            found = _strict(lambda v: like(v, pattern, flags))(a.value(row))
            return negated(found) if word else found

        return Expression(f"{a.text} {word}{name} '{pattern}'", value)


def _on(name: str, function: Callable[[Any], Any]) -> Callable[[Row], Any]:
    return lambda row: None if row[name] is None else function(row[name])
