"""The tables of a catalogue by name."""

from collections.abc import Sequence

from adql.catalogue import Catalogue, Table
from adql.semantics.scopes import same_name
from adql.syntax.tree import Identifier


class KnownTables:
    """The tables that one query may name."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._by_name: dict[str, list[Table]] = {}
        for table in catalogue.tables():
            self._by_name.setdefault(table.name.lower(), []).append(table)

    def all(self) -> list[Table]:
        """Every table."""
        return [table for group in self._by_name.values() for table in group]

    def named(self, parts: Sequence[Identifier]) -> list[Table]:
        """Those that a name means: one, none, or several of different schemas."""
        *qualifier, name = parts
        return [
            table
            for table in self._by_name.get(name.name.lower(), [])
            if same_name(name, table.name)
            and (not qualifier or same_name(qualifier[-1], table.schema))
        ]
