"""The list of links as one query over the archive's own tables (DataLink 1.1 §3.2).

Rows come in the order of the identifiers; of one, the file that it is named after first, then its
other files of #this, the forms that its spectrum can be had in, what else belongs to it, what can
be cut out of it, and a package of all last.
"""

from dataclasses import dataclass

from adql.columns import ColumnMeta, OutputColumn
from adql.literals import literal
from adql.translation import Parameter
from schema.semantics import PARTS, with_narrower
from service.datalink.cutouts import suffix
from service.datalink.made import CONVERTIBLE, CUTOUTS, CUTTABLE, FORMS, PREVIEWS

# Name, PostgreSQL type, UCD, description; UCDs and units are table 1 of DataLink 1.1.
_COLUMNS = (
    ("ID", "text", "meta.id;meta.main", "The identifier as it was asked for"),
    ("access_url", "text", "meta.ref.url", "URL of the file"),
    ("service_def", "text", "meta.ref", "XML ID of the descriptor of a service in this document"),
    ("error_message", "text", "meta.code.error", "Why there is no link"),
    ("description", "text", "meta.note", "What the link leads to"),
    ("semantics", "text", "meta.code", "How it relates to the dataset: a term of datalink/core"),
    ("content_type", "text", "meta.code.mime", "Media type of what the link returns"),
    ("content_length", "bigint", "phys.size;meta.file", "Size of what the link returns"),
    ("content_qualifier", "text", None, "What the link returns: a term of product-type"),
    ("local_semantics", "text", "meta.id.assoc", "The archive's own name for links of this kind"),
    ("link_auth", "text", "meta.code", "Whether the link takes a login: true, optional, false"),
    ("link_authorized", "boolean", "meta.code", "Whether you may follow the link"),
    ("content_sha256", "text", "meta.checksum", "SHA-256 of the file, hexadecimal"),
)
LINK_COLUMNS = tuple(column[0] for column in _COLUMNS)
_DATATYPES = {"text": ("char", "*"), "bigint": ("long", None), "boolean": ("boolean", None)}
# Texts that may repeat what the user asked for, or a publisher's words.
_FREE_TEXT = ("ID", "error_message", "description")

_PARTS = ", ".join(f"'{term}'" for part in PARTS for term in with_narrower(part))
_FILES = f"""
    SELECT asked.n, asked.id, dataset.id AS dataset_id, holding.id AS holding_id,
        coalesce(link.semantics, '#this') AS semantics, link.label, link.description,
        link.is_part, holding.reader <> 'part' AS is_named, holding.path, holding.media_type,
        holding.size, holding.sha256,
        CASE WHEN holding.semantics = '#this' THEN source.dataproduct_type END AS product,
        CASE WHEN holding.semantics = '#this' THEN source.obs_title END AS title,
        coalesce(source.readable_by, holding.readable_by) IS NULL AS public,
        starhaul.may_read(holding.readable_by) AS readable,
        link.semantics = '#this' AND ({CONVERTIBLE}) AS convertible,
        link.semantics = '#this' AND ({CUTTABLE}) AS cuttable,
        CASE
            WHEN dataset.id IS NULL AND asked.id !~* '^ivo://.'
            THEN 'UsageFault: ' || left(asked.id, 200)
                || ' is no identifier of a dataset; these begin with ivo://'
            WHEN dataset.id IS NULL
            THEN 'NotFoundFault: ' || left(asked.id, 200)
                || ' cannot be found, or you may not read it'
            WHEN link.id IS NULL THEN 'FatalFault: the dataset has no file here'
            WHEN holding.state <> 'present' THEN 'FatalFault: the file is no longer in the archive'
        END AS error
    FROM unnest({{ids}}) WITH ORDINALITY AS asked (id, n)
    LEFT JOIN archive.dataset ON dataset.obs_publisher_did = asked.id
         AND starhaul.may_read(dataset.readable_by)
    LEFT JOIN LATERAL (
        SELECT id, semantics, label, description, semantics IN ({_PARTS}) AS is_part
        FROM archive.holding WHERE dataset_id = dataset.id
        UNION ALL
        SELECT h.id, r.semantics, r.label, r.description, false
        FROM archive.relation r JOIN archive.holding h ON h.id = r.holding_id
        JOIN archive.dataset d ON d.id = h.dataset_id AND starhaul.may_read(d.readable_by)
        WHERE r.dataset_id = dataset.id
    ) AS link ON true
    LEFT JOIN archive.holding ON holding.id = link.id
    LEFT JOIN archive.dataset AS source ON source.id = holding.dataset_id
"""  # noqa: S608
# ObsCore's types of products (ObsCore 1.1 §3.3.1) as terms of http://www.ivoa.net/rdf/product-type.
_QUALIFIER = """
    CASE WHEN product = 'event' THEN '#event-list'
    WHEN product IN
        ('image', 'cube', 'spectrum', 'sed', 'timeseries', 'visibility', 'measurements')
    THEN '#' || product END
"""
_LINKS = f"""
WITH files AS MATERIALIZED ({_FILES}), links AS (
    SELECT n, CASE WHEN semantics <> '#this' THEN 3 WHEN is_named THEN 0 ELSE 1 END AS rank,
        path, holding_id, id AS v1,
        CASE WHEN error IS NULL
             THEN current_setting('starhaul.public_url') || '/files/' || holding_id END AS v2,
        NULL AS v3, error AS v4,
        concat_ws(': ', regexp_replace(path, '^.*/', ''), coalesce(description, title)) AS v5,
        semantics AS v6, media_type AS v7, size AS v8, {_QUALIFIER} AS v9, label AS v10,
        CASE WHEN error IS NULL THEN CASE WHEN public THEN 'optional' ELSE 'true' END END AS v11,
        CASE WHEN error IS NULL THEN readable END AS v12,
        CASE WHEN readable THEN encode(sha256, 'hex') END AS v13
    FROM files
    UNION ALL
    {FORMS}
    UNION ALL
    {PREVIEWS}
    UNION ALL
    {CUTOUTS}
    UNION ALL
    SELECT n, 5, NULL, NULL, id, NULL, 'package', NULL,
        'All ' || count(*) || ' files of the dataset as one package', '#package', 'text/xml',
        NULL, NULL, NULL, 'optional', true, NULL
    FROM files WHERE error IS NULL AND readable AND is_part
    GROUP BY n, id HAVING count(*) > 1
)
SELECT {", ".join(f"v{n} AS c{n}" for n in range(1, len(_COLUMNS) + 1))}
FROM links ORDER BY n, rank, v6 COLLATE "C", path COLLATE "C", holding_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class LinksQuery:
    """The links of some identifiers: what `service.results` takes for a query."""

    ids: tuple[str, ...]

    @property
    def columns(self) -> tuple[OutputColumn, ...]:
        """The columns of DataLink 1.1, and content_sha256."""
        wide = not all(map(str.isascii, self.ids))
        return tuple(
            OutputColumn(_meta(name, sql_type, ucd, description, wide), f"c{n}", sql_type)
            for n, (name, sql_type, ucd, description) in enumerate(_COLUMNS, start=1)
        )

    def literal_sql(self) -> str:
        """One SELECT of our own tables; the identifiers are one array in it (DESIGN §4)."""
        asked = literal(Parameter(self.ids, "text[]"))
        return _LINKS.format(ids=asked, suffix=suffix(self.ids))


def _meta(name: str, sql_type: str, ucd: str | None, description: str, wide: bool) -> ColumnMeta:
    datatype, arraysize = _DATATYPES[sql_type]
    return ColumnMeta(
        name,
        "unicodeChar" if wide and name in _FREE_TEXT else datatype,
        arraysize=arraysize,
        unit="byte" if name == "content_length" else None,
        ucd=ucd,
        description=description,
    )
