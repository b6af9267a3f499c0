"""The response as one SELECT of our own tables (SSAP 1.1 §4.2).

Where there is a score, spectra are chosen and ordered by their keys alone; then each is looked up
and listed once a format, so that the first row leaves as soon as the order is known, and nothing
wide is sorted. Without one they come as PostgreSQL finds them.
"""

from dataclasses import dataclass

from sqlalchemy.dialects import postgresql

from adql.columns import OutputColumn
from adql.sql import Sql, joined, rendered
from adql.translation import Parameter
from service.previews.drawable import EXTENSIONS
from service.spectra.forms import FORMS
from service.spectra.holdings import convertible
from service.spectra.model import MODEL
from service.ssap.columns import COLUMNS, output_columns
from service.ssap.conditions import conditions, score
from service.ssap.formats import PICTURE, Wanted
from service.ssap.request import SsapRequest

_MOST_ROWS = 2**63 - 1  # the largest LIMIT
# A form's size in bytes, about: of the document, and of a point with its wavelength, flux, error.
_SIZES = {"vot": (4_000, 60), "fits": (17_280, 24)}
_CONVERTIBLE = convertible().compile(
    dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
    compile_kwargs={"literal_binds": True},
)

_FOUND = """
    FROM archive.dataset LEFT JOIN archive.spectrum ON spectrum.dataset_id = dataset.id {holding}
    WHERE dataproduct_type = 'spectrum' AND starhaul.may_read(dataset.readable_by)
        AND {collection} AND {conditions}
"""
_HOLDING = "LEFT JOIN archive.holding ON holding.id = dataset.holding_id"
_WHOLE = f"SELECT dataset.*, holding.reader, {_CONVERTIBLE} AS convertible"
# OFFSET 0 keeps PostgreSQL from joining in another order than that of the chosen.
_LOOKED_UP = f"""
    {_WHOLE} FROM archive.dataset {_HOLDING} WHERE dataset.id = chosen.id OFFSET 0
"""
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
# The plot that /previews draws of it; it has no size before it is drawn.
_FORMS[PICTURE] = f"""
    SELECT current_setting('starhaul.public_url') || '/previews/' || dataset.holding_id
            || '.{EXTENSIONS[PICTURE]}' AS url, '{PICTURE}' AS media_type,
        NULL::bigint AS size, 'Plot' AS model
    WHERE convertible
"""


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
        value = score(self.request.constraints)
        rows, several = _listed(self.request.wanted)
        pieces: dict[str, Sql] = {
            "publisher": Parameter(self.publisher, "text"),
            "several": several,
            "score": "1::real" if value is None else "chosen.score",
        }
        columns: list[Sql] = [
            (_filled(column.sql, pieces), f" AS c{number}")
            for number, column in enumerate(COLUMNS, start=1)
        ]
        top = self.request.top
        return rendered(
            (
                "SELECT ", joined(", ", columns), " FROM ", self._datasets(value),
                " LEFT JOIN archive.spectrum ON spectrum.dataset_id = dataset.id"
                " JOIN archive.collection ON collection.id = dataset.collection_id"
                " CROSS JOIN LATERAL (", rows, ") AS form",
                "" if top is None else f" LIMIT {min(top, _MOST_ROWS):d}",
            )
        )  # fmt: skip

    def _datasets(self, value: Sql | None) -> Sql:
        """The spectra that are found, as `dataset`; where there is a score, as `chosen` with it,
        the best first."""
        if value is None:
            return ("(", _WHOLE, self._found(_HOLDING), ") AS dataset")
        return (
            "(SELECT dataset.id, ", value, " AS score", self._found(""),
            " ORDER BY score DESC, dataset.id) AS chosen"
            " CROSS JOIN LATERAL (", _LOOKED_UP, ") AS dataset",
        )  # fmt: skip

    def _found(self, holding: str) -> Sql:
        collection: Sql = "TRUE"
        if self.collection is not None:
            name = Parameter(self.collection, "text")
            collection = (
                "dataset.collection_id = (SELECT id FROM archive.collection WHERE name = ", name,
                ")",
            )  # fmt: skip
        pieces: dict[str, Sql] = {
            "holding": holding,
            "collection": collection,
            "conditions": conditions(self.request.constraints, self.authority),
        }
        return _filled(_FOUND, pieces)


def _filled(template: str, pieces: dict[str, Sql]) -> Sql:
    """A template with pieces for its names in braces."""
    found: list[Sql] = []
    for part in template.split("{"):
        name, brace, rest = part.partition("}")
        found += [pieces[name], rest] if brace else [part]
    return tuple(found)


def _listed(wanted: Wanted) -> tuple[Sql, Sql]:
    """The formats of one spectrum that are asked for (url, media_type, size, model), its own file
    first; and whether they are several, which makes them an association (§4.2.4.1)."""
    converted = [sql for kind, sql in _FORMS.items() if kind in wanted.made or kind in wanted.types]
    native = _is_native_wanted(wanted)
    rows: list[Sql] = [(_NATIVE, " WHERE ", native), *converted]
    several: Sql = (
        "(", native, f")::integer + CASE WHEN convertible THEN {len(converted):d} ELSE 0 END > 1"
    )  # fmt: skip
    return joined(" UNION ALL ", rows), several


def _is_native_wanted(wanted: Wanted) -> Sql:
    """Whether the file itself is of a format that is asked for."""
    if wanted.native or not wanted.types:
        return "true" if wanted.native else "false"
    plain = "replace(lower(access_format), ' ', '')"
    asked = Parameter(tuple(sorted(wanted.types)), "text[]")
    return (
        f"coalesce({plain} = ANY (", asked, f") OR split_part({plain}, ';', 1) = ANY (", asked,
        "), false)",
    )  # fmt: skip
