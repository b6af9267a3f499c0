"""What became of each row: a table that leaves none out."""

from dataclasses import dataclass

from adql.columns import ColumnMeta, OutputColumn
from service.results import arrow, separated, tabledata
from service.results.format import Format
from service.uws.job import Result

STATUSES = "statuses"
FORMATS: dict[str, Format] = {
    STATUSES: tabledata.FORMAT,
    f"{STATUSES}.csv": separated.CSV,
    f"{STATUSES}.parquet": arrow.PARQUET,
}
RESULTS = [
    Result(STATUSES, f"results/{STATUSES}", "application/x-votable+xml"),
    Result(f"{STATUSES}.csv", f"results/{STATUSES}.csv", "text/csv"),
    Result(f"{STATUSES}.parquet", f"results/{STATUSES}.parquet", "application/vnd.apache.parquet"),
]
_SQL_TYPES = {"long": "bigint", "int": "integer", "double": "double precision"}


def _column(
    name: str, datatype: str, description: str, ucd: str, unit: str | None = None
) -> ColumnMeta:
    arraysize = None if datatype in _SQL_TYPES else "*"
    return ColumnMeta(
        name, datatype, arraysize=arraysize, unit=unit, ucd=ucd, description=description
    )


_COLUMNS = (
    _column("row", "long", "Row of the uploaded table, from 1", "meta.record;meta.main"),
    _column("id", "unicodeChar", "What the table calls the object", "meta.id"),
    _column("status", "char", "ok, partial, no_overlap or error", "meta.code.status"),
    _column("error", "unicodeChar", "Why there is no product", "meta.note"),
    _column("path", "unicodeChar", "Name below data/ in the unpacked package", "meta.file"),
    _column("obs_publisher_did", "char", "The dataset that was cut", "meta.ref.ivoid"),
    _column("obs_collection", "unicodeChar", "Its collection", "meta.id;instr"),
    _column("band", "char", "The filter that was asked for", "instr.bandpass"),
    _column("em_min", "double", "Shortest wavelength of the dataset", "em.wl;stat.min", "m"),
    _column("em_max", "double", "Longest wavelength of the dataset", "em.wl;stat.max", "m"),
    _column("ra", "double", "Position that was asked for, ICRS", "pos.eq.ra;meta.main", "deg"),
    _column("dec", "double", "Position that was asked for, ICRS", "pos.eq.dec;meta.main", "deg"),
    _column("size_px", "int", "Side of the cutout", "phys.size;instr.pixel", "pixel"),
    _column("size_deg", "double", "Side of the cutout, where it was asked as an angle",
            "phys.angSize", "deg"),
    _column("content_length", "long", "Size of the product", "phys.size;meta.file", "byte"),
    _column("sha256", "char", "SHA-256 of the product, hexadecimal", "meta.checksum"),
)  # fmt: skip
_VALUES = (
    *("outcome.row", "wanted.label", "outcome.status", "outcome.error", "member.path"),
    *("coalesce(dataset.obs_publisher_did, wanted.dataset)", "dataset.obs_collection"),
    *("cut.band", "dataset.em_min", "dataset.em_max"),
    *("coalesce(wanted.ra, dataset.s_ra)", "coalesce(wanted.dec, dataset.s_dec)"),
    *("coalesce(cut.pixels, wanted.pixels)", "wanted.degrees", "outcome.size"),
    "encode(outcome.sha256, 'hex')",
)
_QUERY = """
SELECT {values} FROM pairing.outcome
JOIN pairing.wanted ON wanted.row = outcome.row AND wanted.pairing_id = {pairing_id}
LEFT JOIN pairing.task ON task.number = outcome.task AND task.pairing_id = {pairing_id}
LEFT JOIN pairing.cut ON cut.task = outcome.task AND cut.holding_id = outcome.holding_id
     AND cut.row = outcome.row AND cut.pairing_id = {pairing_id}
LEFT JOIN archive.dataset ON dataset.id = cut.dataset_id
LEFT JOIN bulk.member ON member.source_row = outcome.row
     AND member.source_path = task.pack || ':' || outcome.position || ':' || task.size
     AND member.package_id = (
         SELECT package.id FROM bulk.package JOIN pairing.pairing ON bulk_job = package.job_id
         WHERE pairing.id = {pairing_id})
WHERE outcome.pairing_id = {pairing_id} ORDER BY outcome.row, outcome.holding_id
"""


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """The statuses of a pairing: what `service.results` takes for a query."""

    pairing_id: int

    @property
    def columns(self) -> tuple[OutputColumn, ...]:
        """One row for each product, and one for each row of the table that has none."""
        return tuple(
            OutputColumn(meta, f"c{n}", _SQL_TYPES.get(meta.datatype, "text"))
            for n, meta in enumerate(_COLUMNS, start=1)
        )

    def literal_sql(self) -> str:
        """One SELECT of our own tables; the only value in it is an integer of ours."""
        values = ", ".join(f"{value} AS c{n}" for n, value in enumerate(_VALUES, start=1))
        return _QUERY.format(values=values, pairing_id=int(self.pairing_id))
