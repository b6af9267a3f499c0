"""Positions and regions of the catalogue as a query names them, and what expressions depend on."""

from collections.abc import Callable
from dataclasses import dataclass

from adql.catalogue import SkyPosition, SkyRegion
from adql.functions.user_functions import USER_FUNCTIONS
from adql.semantics.scopes import Resolution, Source, SourceColumn, Visible
from adql.sql import Sql
from adql.syntax import tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression


@dataclass(frozen=True, slots=True)
class Place:
    """A position of the catalogue within this query: its plain columns and its index in SQL."""

    ra: str
    dec: str
    alias: str
    sky: SkyPosition


class Places:
    """Finds them in expressions; `emit` writes a number as double precision."""

    def __init__(self, resolution: Resolution, emit: Callable[[Expression], Sql]) -> None:
        self.resolution = resolution
        self.emit = emit

    def column(self, node: Expression) -> SourceColumn | None:
        """The column of one source that an expression is, or None."""
        inner = unwrapped(node)
        if isinstance(inner, tree.ColumnReference):
            return _only(self.resolution.columns[id(inner)])
        return None

    def origin(self, column: SourceColumn) -> SourceColumn:
        """The column of the catalogue that one of a subquery is; itself where it is another."""
        while column.column is None:
            source = column.source
            query = source.common.query if source.common is not None else source.query
            if query is None or not isinstance(query.body, tree.Select):
                return column
            output = self.resolution.outputs[id(query)][column.index]
            if output.expression is not None:
                below = self.column(output.expression)
            else:
                below = _only(output.visible)
            if below is None:
                return column
            column = below
        return column

    def place(self, lon: Expression, lat: Expression) -> Place | None:
        """The catalogue's position that two columns are, or None.

        Of a subquery's columns only the zones are known: its hidden columns are not among them, but
        PostgreSQL sees the indexed expression through a plain subquery.
        """
        east, north = self.column(lon), self.column(lat)
        if east is None or north is None or east.source is not north.source:
            return None
        ra, dec = self.origin(east), self.origin(north)
        table = ra.source.table
        if table is None or ra.source is not dec.source:
            return None
        for sky in table.positions:
            if (sky.ra, sky.dec) == (ra.name, dec.name):
                if ra is not east:
                    sky = SkyPosition(sky.ra, sky.dec, zones=sky.zones)
                return Place(_written(east), _written(north), east.source.sql, sky)
        return None

    def region(self, node: Expression) -> tuple[Source, SkyRegion] | None:
        """The catalogue's region that a column is, or None."""
        column = self.column(node)
        if column is None or column.source.table is None:
            return None
        regions = column.source.table.regions
        return next(((column.source, r) for r in regions if r.region == column.name), None)

    def coordinates(self, expression: Expression) -> tuple[Expression, Expression] | None:
        """The two numbers of a POINT, or None where the expression is none."""
        inner = unwrapped(expression)
        if isinstance(inner, tree.Call) and inner.name == "POINT":
            lon, lat = without_frame(inner)
            return lon, lat
        return None

    def repeatable(self, expression: Expression) -> bool:
        """Whether its SQL may be written many times: a random number would differ, a subquery would
        run each time."""
        for node, _ in tree.walk(expression):
            if isinstance(node, tree.Query) or (
                isinstance(node, tree.Call) and node.name == "RAND"
            ):
                return False
            if isinstance(node, tree.UserCall):
                forms = USER_FUNCTIONS.get(node.name.name.lower(), ())
                if any(form.random for form in forms):
                    return False
        return True

    def sources(self, expression: Expression) -> frozenset[str]:
        """The aliases in SQL of the tables whose columns an expression reads."""
        return frozenset(
            part.source.sql
            for node, _ in tree.walk(expression)
            if isinstance(node, tree.ColumnReference)
            for part in self.resolution.columns[id(node)].parts
        )


def _only(visible: Visible | None) -> SourceColumn | None:
    return visible.parts[0] if visible is not None and len(visible.parts) == 1 else None


def _written(column: SourceColumn) -> str:
    name = f"c{column.index + 1}" if column.column is None else column.column.sql_name
    return f"{column.source.sql}.{name}"
