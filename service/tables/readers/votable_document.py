"""A VOTable document as expat reads it, piece by piece: the chosen table's head, then its rows.

Entities are refused. One table is read: the one asked for, or the first that has columns.
"""

from pathlib import Path
from xml.parsers import expat

from service.tables.readers.votable_fields import Field, UnknownType, field_of, with_description
from service.tables.table import Place

_BUFFER_BYTES = 1 << 18
_SERIALIZATIONS = ("TABLEDATA", "BINARY", "BINARY2", "FITS", "PARQUET")
_Attributes = dict[str, str]


class Document:
    """What expat has seen so far of one document: the chosen table's head, then its rows."""

    def __init__(self, path: Path, wanted: str | None) -> None:
        self.path = path
        self.wanted = wanted
        self.fields: list[Field] = []
        self.table: _Attributes = {}
        self.descriptions: dict[str, str] = {}
        self.frame: str | None = None
        self.serialization: str | None = None
        self.stream: _Attributes = {}
        self.begun = False
        self.ended = False
        self.tables = 0
        self.notes: list[str] = []
        self.cells: list[str] = []
        self.encoded: list[str] = []
        self.row = 0
        self._frames: dict[str, str] = {}
        self._nulls: dict[str, str | None] = {}
        self._complete = False
        self._open: list[str] = []
        self._text: list[str] = []
        self._parser = self._new_parser()

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = _BUFFER_BYTES
        parser.EntityDeclHandler = self._entity
        self._outside(parser)
        return parser

    def _outside(self, parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append

    def feed(self, octets: bytes) -> None:
        """The next bytes, or b"" at the end."""
        if self._complete:
            return
        self._complete = not octets
        try:
            self._parser.Parse(octets, not octets)
        except UnknownType as error:
            raise self.place().error(f"line {self._parser.CurrentLineNumber}: {error}") from None
        except expat.ExpatError as error:
            what = "the file ends too early" if not octets else expat.ErrorString(error.code)
            raise self.place().error(
                f"line {error.lineno}, column {error.offset + 1}: not a whole XML document "
                f"({what}); fetch or write the file again"
            ) from None

    def place(self) -> Place:
        return Place(self.path)

    def _entity(self, name: str, *_: object) -> None:
        line = self._parser.CurrentLineNumber
        raise self.place().error(f"line {line}: declares the entity {name!r}; write its text out")

    # -- the document around the rows

    def _start(self, name: str, attributes: _Attributes) -> None:
        local = name.rpartition(":")[2]
        self._open.append(local)
        self._text.clear()
        if local == "TABLE":
            self._table(attributes)
        elif local == "COOSYS":
            self._frames[attributes.get("ID", "")] = attributes.get("system", "")
        elif local == "INFO" and attributes.get("name") == "QUERY_STATUS":
            self._status(attributes.get("value", ""))
        elif local == "VALUES" and "ID" in attributes:
            self._nulls[attributes["ID"]] = attributes.get("null")
        if self._chosen():
            if local == "FIELD":
                self.fields.append(field_of(attributes))
                if attributes.get("ucd", "").lower().startswith("pos.eq"):
                    self.frame = self.frame or self._frames.get(attributes.get("ref", ""))
            elif local == "VALUES" and self._open[-2] == "FIELD":
                null = self._nulls.get(attributes.get("ref", ""), attributes.get("null"))
                self.fields[-1].note_null(null)
            elif local in _SERIALIZATIONS:
                self._rows_begin(local, name)
            elif local == "STREAM":
                self.stream = attributes
                self._parser.CharacterDataHandler = self.encoded.append

    def _chosen(self) -> bool:
        return not self.ended and bool(self.table)

    def _table(self, attributes: _Attributes) -> None:
        self.tables += 1
        named = self.wanted in (str(self.tables), attributes.get("name"), attributes.get("ID"))
        if not self.ended and (named or self.wanted is None):
            self.table = {"name": f"table {self.tables}", **attributes}
            self.fields = []

    def _status(self, value: str) -> None:
        if value.upper() == "OVERFLOW":
            self.notes.append("the file says that it was cut (QUERY_STATUS OVERFLOW)")
        elif value.upper() == "ERROR":
            raise self.place().error("it is the error message of a service, not a table")

    def _end(self, name: str) -> None:
        local = self._open.pop()
        parent = self._open[-1] if self._open else ""
        if local == "STREAM":
            self._parser.CharacterDataHandler = self._text.append
        elif local == "DESCRIPTION":
            self._description(parent, " ".join("".join(self._text).split()))
        elif local == "TABLE" and self._chosen() and (self.fields or self.wanted is not None):
            self.begun = self.ended = True
        elif local == "TABLE" and not self.ended:
            self.table = {}

    def _description(self, parent: str, text: str) -> None:
        if parent == "FIELD" and self._chosen() and text:
            self.fields[-1] = with_description(self.fields[-1], text)
        elif parent == "TABLE" and self._chosen():
            self.descriptions["TABLE"] = text
        elif parent == "RESOURCE" and not self.ended:
            self.descriptions["RESOURCE"] = text

    # -- the rows

    def _rows_begin(self, local: str, name: str) -> None:
        if not self.fields:
            raise self.place().error("its table has rows but no FIELD; it is no valid VOTable")
        self.begun = True
        self.serialization = local
        if local == "TABLEDATA":
            self._tabledata(name)

    def _tabledata(self, name: str) -> None:
        """Few calls a cell: these three functions see every one."""
        parser = self._parser
        prefix = name[: -len("TABLEDATA")]
        cell, line = f"{prefix}TD", f"{prefix}TR"
        text: list[str] = []
        cells, width = self.cells, len(self.fields)
        seen = 0

        def start(name: str, attributes: _Attributes) -> None:
            text.clear()

        def end(found: str) -> None:
            nonlocal seen
            if found == cell:
                cells.append(text[0] if len(text) == 1 else "".join(text))
                text.clear()
                seen += 1
            elif found == line:
                self.row += 1
                if seen != width:
                    raise Place(self.path, self.row).error(
                        f"line {parser.CurrentLineNumber}: {seen} cells in a table of "
                        f"{width} columns"
                    )
                seen = 0
            elif found == name:
                self._outside(parser)
                self._end(found)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text.append
