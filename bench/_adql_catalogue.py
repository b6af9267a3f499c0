"""ObsCore and TAP_SCHEMA as a catalogue that needs no database.

`dp_id` is a column that ESO adds to ObsCore; sample queries of the suite use it.
"""

from adql.catalogue import Column, SkyPosition, SkyRegion, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue, quoted, sql_type
from schema.obscore import OBSCORE_COLUMNS
from schema.self_description import TAP_SCHEMA_TABLES

_DP_ID = ColumnMeta("dp_id", "char", arraysize="*")
_POSITION = SkyPosition("s_ra", "s_dec", '"hpx"', '"hcell"', '"x"', '"y"', '"z"')


def _table(schema: str, name: str, metas: list[ColumnMeta]) -> Table:
    columns = tuple(
        Column(meta, quoted(meta.name), sql_type(meta.datatype, meta.arraysize, meta.xtype))
        for meta in metas
    )
    observations = name == "obscore"
    return Table(
        schema,
        name,
        f"{quoted(schema)}.{quoted(name)}",
        columns,
        positions=(_POSITION,) if observations else (),
        regions=(SkyRegion("s_region", None, '"s_box"'),) if observations else (),
    )


CATALOGUE = TableCatalogue(
    (
        _table("ivoa", "obscore", [*(column.meta for column in OBSCORE_COLUMNS), _DP_ID]),
        *(
            _table("tap_schema", table.name.removeprefix("tap_schema."), list(table.columns))
            for table in TAP_SCHEMA_TABLES
        ),
    )
)
