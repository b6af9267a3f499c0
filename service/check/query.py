"""A query checked: what is wrong and where, or what its result would be."""

from pydantic import BaseModel, Field

from adql import ADQLError, Note, Translation, parse
from adql.catalogue import Catalogue
from adql.columns import ColumnMeta
from service.check.plan import Estimate, Planner, make_estimate
from service.errors import UsageError
from service.language import Language, translate


class CheckError(BaseModel):
    """What is wrong and where: line and column count from 1, length is in characters."""

    line: int
    column: int
    length: int
    message: str
    suggestion: str | None = Field(description="what to write at that place, where it is known")


class CheckNote(BaseModel):
    """What the author of a valid query should know; the place as in an error."""

    line: int
    column: int
    length: int
    message: str


class CheckColumn(BaseModel):
    """A column of the result, in VOTable's words."""

    name: str
    datatype: str
    arraysize: str | None
    xtype: str | None
    unit: str | None
    ucd: str | None
    utype: str | None
    description: str | None


class CheckTable(BaseModel):
    """A table that the query reads."""

    schema_name: str
    table_name: str


class CheckedQuery(BaseModel):
    """The answer to a check. Columns, tables and notes are empty for a query with errors."""

    valid: bool
    errors: list[CheckError] = []
    notes: list[CheckNote] = []
    language: str
    columns: list[CheckColumn] = []
    tables: list[CheckTable] = []
    sql: str | None = Field(None, description="the SELECT for PostgreSQL; with SQL=1 alone")
    estimate: Estimate | None = Field(None, description="with EXPLAIN=1 alone")

    def to_json(self) -> str:
        """JSON; `sql` and `estimate` are left out where they were not asked for."""
        unasked = {name for name in ("sql", "estimate") if getattr(self, name) is None}
        return self.model_dump_json(exclude=unasked)


def check_syntax(text: str, language: Language) -> CheckedQuery:
    """Parse a query alone: needs no catalogue, tells no columns."""
    try:
        parse(text, language.version)
    except ADQLError as error:
        return CheckedQuery(valid=False, language=language.name, errors=[_error(error)])
    return CheckedQuery(valid=True, language=language.name)


async def check_query(
    text: str,
    language: Language,
    catalogue: Catalogue,
    *,
    sql: bool = False,
    planner: Planner | None = None,
) -> CheckedQuery:
    """Parse and translate a query; with a `planner`, have its plan made there too.

    What is wrong with the query is in the answer; StarhaulError where the planner is away.
    """
    try:
        translation = await translate(text, language, catalogue)
    except ADQLError as error:
        return CheckedQuery(valid=False, language=language.name, errors=[_error(error)])
    checked = CheckedQuery(
        valid=True,
        language=language.name,
        notes=[_note(note) for note in translation.notes],
        columns=[_column(column.meta) for column in translation.columns],
        tables=_tables(translation),
        sql=translation.literal_sql() if sql else None,
    )
    if planner is not None:
        try:
            checked.estimate = await make_estimate(planner, translation)
        except UsageError as refused:
            message = f"no estimate: {refused.message}"
            checked.notes.append(CheckNote(line=1, column=1, length=0, message=message))
    return checked


def _error(error: ADQLError) -> CheckError:
    return CheckError(
        line=error.line,
        column=error.column,
        length=error.length,
        message=error.message,
        suggestion=error.suggestion,
    )


def _note(note: Note) -> CheckNote:
    return CheckNote(line=note.line, column=note.column, length=note.length, message=note.message)


def _column(meta: ColumnMeta) -> CheckColumn:
    return CheckColumn(
        name=meta.name,
        datatype=meta.datatype,
        arraysize=meta.arraysize,
        xtype=meta.xtype,
        unit=meta.unit,
        ucd=meta.ucd,
        utype=meta.utype,
        description=meta.description,
    )


def _tables(translation: Translation) -> list[CheckTable]:
    """Each table once, in the order of the query."""
    names = dict.fromkeys((table.schema, table.name) for table in translation.tables)
    return [CheckTable(schema_name=schema, table_name=name) for schema, name in names]
