"""The response as one SELECT of our own tables (SSAP 1.1 §4.2).

Spectra are chosen and ordered by their keys alone; then each is looked up and listed once a format,
so that the first row leaves as soon as the order is known, and nothing wide is sorted.
"""

from dataclasses import dataclass

from sqlalchemy.dialects import postgresql

from adql.columns import OutputColumn
from adql.sql import Sql, joined, rendered
from adql.translation import Parameter
from service.spectra.forms import FORMS
from service.spectra.holdings import convertible
from service.spectra.model import MODEL
from service.ssap.columns import COLUMNS, output_columns
from service.ssap.conditions import conditions, score
from service.ssap.formats import Wanted
from service.ssap.request import SsapRequest

_MOST_ROWS = 2**63 - 1  # the largest LIMIT
# A form's size in bytes, about: of the document, and of a point with its wavelength, flux, error.
_SIZES = {"vot": (4_000, 60), "fits": (17_280, 24)}
_CONVERTIBLE = convertible().compile(
    dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
    compile_kwargs={"literal_binds": True},
)

_CHOSEN = """
    SELECT dataset.id, {score} AS score
    FROM archive.dataset LEFT JOIN archive.spectrum ON spectrum.dataset_id = dataset.id
    WHERE dataproduct_type = 'spectrum' AND starhaul.may_read(dataset.readable_by)
        AND {collection} AND {conditions}
    ORDER BY {order} dataset.id
"""
# OFFSET 0 keeps PostgreSQL from joining in another order than that of the chosen.
_LOOKED_UP = f"""
    SELECT dataset.*, holding.reader, {_CONVERTIBLE} AS convertible
    FROM archive.dataset LEFT JOIN archive.holding ON holding.id = dataset.holding_id
    WHERE dataset.id = chosen.id OFFSET 0
"""  # noqa: S608
_NATIVE = """
    SELECT CASE WHEN dataset.holding_id IS NULL
            THEN current_setting('starhaul.public_url') || '/datalink/links?ID='
                 || starhaul.url_quote(dataset.obs_publisher_did)
            ELSE current_setting('starhaul.public_url') || '/files/' || dataset.holding_id
        END AS url, access_format AS media_type, access_estsize AS size, reader AS model
"""
_CONVERTED = """
    SELECT current_setting('starhaul.public_url') || '/spectra/' || dataset.holding_id
            || '.{extension}' AS url, '{media_type}' AS media_type,
        ({document} + {point} * em_xel) / 1000 AS size, '{model}' AS model
    WHERE convertible
"""
_FORMS = {
    form.media_type: _CONVERTED.format(
        extension=form.extension,
        media_type=form.media_type,
        document=_SIZES[form.extension][0],
        point=_SIZES[form.extension][1],
        model=MODEL,
    )
    for form in FORMS.values()
}


@dataclass(frozen=True, slots=True)
class SpectraQuery:
    """The rows of a response: what `service.results` takes for a query.

    `collection` is the only one to search, None: all. `authority` begins our identifiers,
    `publisher` is the archive's name.
    """

    request: SsapRequest
    collection: str | None
    authority: str
    publisher: str

    @property
    def columns(self) -> tuple[OutputColumn, ...]:
        """The columns of SSAP 1.1 §4.2."""
        return output_columns()

    def literal_sql(self) -> str:
        """One SELECT; what users gave stands in it as typed literals (DESIGN §4)."""
        columns: list[Sql] = [
            (self._value(column.sql), f" AS c{number}")
            for number, column in enumerate(COLUMNS, start=1)
        ]
        top = self.request.top
        return rendered(
            (
                "SELECT ", joined(", ", columns), " FROM (", self._chosen(), ") AS chosen"
                " CROSS JOIN LATERAL (", _LOOKED_UP, ") AS dataset"
                " LEFT JOIN archive.spectrum ON spectrum.dataset_id = dataset.id"
                " JOIN archive.collection ON collection.id = dataset.collection_id"
                " CROSS JOIN LATERAL (SELECT *, count(*) OVER () > 1 AS several FROM (",
                _listed(self.request.wanted), ") AS each) AS form",
                "" if top is None else f" LIMIT {min(top, _MOST_ROWS):d}",
            )
        )  # fmt: skip

    def _value(self, sql: str) -> Sql:
        return Parameter(self.publisher, "text") if sql == "{publisher}" else sql

    def _chosen(self) -> Sql:
        constraints = self.request.constraints
        value = score(constraints)
        collection: Sql = "TRUE"
        if self.collection is not None:
            name = Parameter(self.collection, "text")
            collection = (
                "collection_id = (SELECT id FROM archive.collection WHERE name = ", name, ")",
            )  # fmt: skip
        pieces: dict[str, Sql] = {
            "score": "1::real" if value is None else value,
            "collection": collection,
            "conditions": conditions(constraints, self.authority),
            "order": "" if value is None else "score DESC,",
        }
        return _filled(_CHOSEN, pieces)


def _filled(template: str, pieces: dict[str, Sql]) -> Sql:
    """A template with pieces for its names in braces."""
    found: list[Sql] = []
    for part in template.split("{"):
        name, brace, rest = part.partition("}")
        found += [pieces[name], rest] if brace else [part]
    return tuple(found)


def _listed(wanted: Wanted) -> Sql:
    """The formats of one spectrum that are asked for, its own file first.

    An association counts the formats that are listed (§4.2.4.1).
    """
    rows: list[Sql] = [
        _if_wanted(_NATIVE, wanted.native, None, wanted.types),
        *(_if_wanted(sql, kind in wanted.compliant, kind, wanted.types)
          for kind, sql in _FORMS.items()),
    ]  # fmt: skip
    found = [row for row in rows if row != ""]
    return joined(" UNION ALL ", found) if found else _NATIVE + " WHERE FALSE"


def _if_wanted(sql: str, named: bool, kind: str | None, types: frozenset[str]) -> Sql:
    """The rows of one form, those of the media types asked for alone unless it is `named`; "" where
    it cannot be of any of them."""
    if named:
        return sql
    if kind is not None:
        return sql if kind in types else ""
    if not types:
        return ""
    plain = "replace(lower(access_format), ' ', '')"
    asked = Parameter(tuple(sorted(types)), "text[]")
    same: Sql = (f"({plain} = ANY (", asked, f") OR split_part({plain}, ';', 1) = ANY (", asked)
    return (sql, " WHERE ", same, "))")
