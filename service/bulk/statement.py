"""The one statement that freezes a selection, composed from constants (DESIGN §7).

It reads pg_temp.selection (service/bulk/selection.py) and writes members. The only texts of a user
in it are the literal pieces of NAMING, which are bound. Each function is one of its steps: a name
and the SELECT that it stands for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schema import semantics
from service.bulk.columns import Value
from service.bulk.names import Step, naming_steps
from service.bulk.plan import Plan


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with the values that are bound to its names, all but :package_id."""

    sql: str
    values: dict[str, object]


# What the rows name, as datasets: `one_file` where the row named a file and not all of a dataset.
_BY_IDENTIFIER = "SELECT asked.*, NULL::bigint AS one_file FROM asked"
_OF_IDENTIFIER = "dataset.obs_publisher_did = named.name"
_BY_URL = """
    SELECT asked.*, holding.dataset_id, holding.id AS one_file
    FROM asked CROSS JOIN LATERAL
             (SELECT substring(name FROM '^.*/files/([0-9]{1,18})$')::bigint AS file) AS url
         LEFT JOIN archive.holding ON holding.id = url.file
    WHERE starts_with(name, current_setting('starhaul.public_url') || '/files/')
    UNION ALL
    SELECT asked.*, dataset.id, NULL
    FROM asked CROSS JOIN LATERAL (SELECT substring(name FROM 'links[?]ID=(.*)$') AS id) AS url
         LEFT JOIN archive.dataset ON dataset.holding_id IS NULL
              AND starhaul.url_quote(dataset.obs_publisher_did) = url.id
    WHERE starts_with(name, current_setting('starhaul.public_url') || '/files/') IS NOT TRUE
"""
_OF_URL = "dataset.id = named.dataset_id"
# What was asked for, each once. Of rows that differ in other columns alone, the first in ORDER:
# which row came first does not matter.
_ASKED = "SELECT name, min(row) AS source_row FROM pg_temp.selection GROUP BY name"
_ASKED_WITH = """
    SELECT DISTINCT ON ({apart}) name, row AS source_row, {columns}
    FROM pg_temp.selection ORDER BY {order}, row
"""
_FOUND = """
    SELECT nullif(named.name, dataset.obs_publisher_did) AS asked, named.source_row,
        dataset.obs_publisher_did,
        holding.id, holding.collection_id, holding.path, holding.media_type, holding.size,
        holding.mtime_ns, holding.ctime_ns, holding.inode, holding.etag, holding.sha256,
        holding.crc32, {readable} AS readable,
        CASE WHEN holding.id IS NOT NULL THEN {name} END AS wanted{keys},
        CASE WHEN named.name IS NULL THEN 'the row of the query names no dataset'
             WHEN dataset.id IS NULL THEN 'the archive has no such dataset, or you may not read it'
             WHEN holding.id IS NULL THEN 'the dataset has no file here' || CAST(:of_which AS text)
             WHEN NOT {readable} THEN 'you may not read this file'
             WHEN NOT dataset.present OR holding.state = 'vanished'
                 THEN 'the file is no longer in the archive'
        END AS error
    FROM named
    LEFT JOIN archive.dataset ON {of_dataset} AND starhaul.may_read(dataset.readable_by)
    {files}
    LEFT JOIN archive.collection ON collection.id = holding.collection_id
"""
# The dataset's own files, or the one file that the row named.
_OWN_FILES = """
    LEFT JOIN archive.holding ON holding.dataset_id = dataset.id
         AND (holding.id = named.one_file OR named.one_file IS NULL AND semantics = '#this')
    CROSS JOIN LATERAL (SELECT holding.semantics AS relation) AS link
"""
_OWN_READABLE = "starhaul.may_read(holding.readable_by)"
# The files with the relations of SEMANTICS, those of other datasets too; a file that the row named
# stands for #this.
_RELATED_FILES = """
    LEFT JOIN (
        SELECT dataset_id, id AS file, semantics AS relation FROM archive.holding
        UNION ALL SELECT dataset_id, holding_id, semantics FROM archive.relation
    ) AS link ON link.dataset_id = dataset.id
         AND CASE WHEN link.file = named.one_file THEN CAST(:own AS boolean)
                  WHEN link.relation = '#this'
                  THEN CAST(:own AS boolean) AND named.one_file IS NULL
                  ELSE link.relation = ANY (CAST(:relations AS text[])) END
    LEFT JOIN archive.holding ON holding.id = link.file
    LEFT JOIN archive.dataset AS home ON home.id = holding.dataset_id
"""
_RELATED_READABLE = (
    "(starhaul.may_read(holding.readable_by) AND starhaul.may_read(home.readable_by))"
)
# The rows of each group of UNIQUE: files that can be had before others, then by ORDER. What has no
# value in a column of UNIQUE is a group by itself.
_RANKED = """
    SELECT *, source_row = first_value(source_row) OVER (
        PARTITION BY {groups}, CASE WHEN num_nulls({groups}) > 0 THEN source_row END
        ORDER BY error IS NOT NULL, {order}obs_publisher_did COLLATE "C", source_row) AS best
    FROM found
"""
# Each file once, though several rows may name it.
_NUMBERED = """
    SELECT *, row_number() OVER (
        PARTITION BY id, CASE WHEN id IS NULL THEN source_row END
        ORDER BY wanted COLLATE "C", source_row) AS again
    FROM {source}
"""
# What the members have beside their names. Sorts of a million rows take the memory of all of it.
_KEPT = """id, source_row, asked, obs_publisher_did, collection_id, path, media_type, size,
    mtime_ns, ctime_ns, inode, etag, sha256, crc32, readable, error"""
# What a file of the earlier job is that was found damaged since, nobody may have.
_KNOWN = """
    SELECT holding_id, sha256 FROM bulk.member
    WHERE package_id = :since AND status = 'ok' AND NOT EXISTS (
        SELECT FROM bulk.damage
        WHERE damage.package_id = member.package_id AND damage.seq = member.seq)
    UNION
    SELECT holding_id, sha256 FROM bulk.unchanged WHERE package_id = :since
"""
_COMPARED = """
    SELECT named_files.*, error IS NULL AND known.holding_id IS NOT NULL AS same
    FROM named_files
    LEFT JOIN known ON known.holding_id = named_files.id AND known.sha256 = named_files.sha256
"""
_REMEMBERED = """
    INSERT INTO bulk.unchanged (package_id, holding_id, sha256)
    SELECT :package_id, id, sha256 FROM compared WHERE same
"""
_MEMBERS = """
INSERT INTO {members} (package_id, seq, source_row, asked, obs_publisher_did, status, error,
    holding_id, collection_id, source_path, path, content_type, size, mtime_ns, ctime_ns, inode,
    etag, sha256, crc32)
SELECT :package_id, row_number() OVER (ORDER BY {order}, path COLLATE "C", id) - 1,
    source_row, asked, obs_publisher_did,
    CASE WHEN error IS NULL THEN 'ok' WHEN id IS NULL THEN 'missing'
         WHEN NOT readable THEN 'forbidden' ELSE 'vanished' END,
    error, id, collection_id, path, name,
    media_type, size, mtime_ns, ctime_ns, inode, etag, sha256, crc32
FROM {source}
"""


def freezing(plan: Plan, since: int | None) -> Statement:
    """Write the members of :package_id. `since` is the package of SINCE: what is still as that
    package has it goes to bulk.unchanged instead."""
    steps, values = _steps(plan)
    if since is None:
        return Statement(_sql(steps, "bulk.member", "named_files", plan), values)
    steps += [*_since(), ("remembered", _REMEMBERED)]
    values["since"] = since
    return Statement(_sql(steps, "bulk.member", "compared WHERE NOT same", plan), values)


def estimating(plan: Plan, since: int | None) -> Statement:
    """The same into pg_temp.member, and nothing is remembered."""
    steps, values = _steps(plan)
    if since is None:
        return Statement(_sql(steps, "pg_temp.member", "named_files", plan), values)
    values["since"] = since
    source = "compared WHERE NOT same"
    return Statement(_sql([*steps, *_since()], "pg_temp.member", source, plan), values)


def _sql(steps: Iterable[Step], members: str, source: str, plan: Plan) -> str:
    with_steps = ", ".join(
        f"{name} AS {'' if name in _INLINE else 'MATERIALIZED '}({body})" for name, body in steps
    )
    order = ", ".join([*_order(plan), "source_row"])
    return f"WITH {with_steps} " + _MEMBERS.format(members=members, order=order, source=source)


# The others PostgreSQL would compute anew at each of their uses.
_INLINE = ("asked", "named", "found", "ranked", "numbered", "named_files", "remembered")


def _steps(plan: Plan) -> tuple[list[Step], dict[str, object]]:
    """From the selection to the files with their names."""
    name, values = _name(plan)
    values["of_which"] = ""
    files, readable = _OWN_FILES, _OWN_READABLE
    wanted = plan.request.semantics
    if wanted is not None:
        files, readable = _RELATED_FILES, _RELATED_READABLE
        values["own"] = semantics.THIS in wanted
        values["relations"] = list(wanted)
        values["of_which"] = f" that is {' or '.join(wanted)}"
    keys = [f", {value.sql} AS o{n}" for n, (value, _) in enumerate(plan.order)]
    kept = ", ".join([_KEPT, *(f"o{n}" for n in range(len(plan.order)))])
    keys += [f", {value.sql} AS u{n}" for n, value in enumerate(plan.unique)]
    named, of_dataset = _BY_IDENTIFIER, _OF_IDENTIFIER
    if plan.named_by == "url":
        named, of_dataset = _BY_URL, _OF_URL
    found = _FOUND.format(
        name=name, keys="".join(keys), of_dataset=of_dataset, files=files, readable=readable
    )
    steps = [("asked", _asked(plan)), ("named", named), ("found", found)]
    source = "found"
    if plan.unique:
        steps.append(("ranked", _ranked(plan)))
        source = "ranked WHERE best"
    if plan.unique or plan.named_by == "url" or wanted is not None:
        steps.append(("numbered", _NUMBERED.format(source=source)))
        source = "numbered WHERE again = 1"
    return [*steps, *naming_steps(source, kept)], values


def _since() -> list[Step]:
    return [("known", _KNOWN), ("compared", _COMPARED)]


def _name(plan: Plan) -> tuple[str, dict[str, object]]:
    """The name that NAMING gives, in SQL; a value never brings a folder, but for the path."""
    pieces, values = [], {}
    for number, piece in enumerate(plan.naming):
        if isinstance(piece, Value):
            path = piece.sql == "holding.path"
            pieces.append(piece.sql if path else f"bulk.name_value({piece.sql})")
        else:
            values[f"literal{number}"] = piece
            pieces.append(f"CAST(:literal{number} AS text)")
    return " || ".join(pieces), dict[str, object](values)


def _asked(plan: Plan) -> str:
    if not plan.carried:
        return _ASKED
    columns = [f"k{n}" for n in range(1, len(plan.carried) + 1)]
    apart = ["name", *(value.carried for value in plan.unique if value.carried)]
    order = [_directed(value.carried, down) for value, down in plan.order if value.carried]
    return _ASKED_WITH.format(
        apart=", ".join(apart),
        columns=", ".join(columns),
        order=", ".join([*apart, *order, *columns]),
    )


def _directed(sql: str, descending: bool) -> str:
    return f"{sql} {'DESC' if descending else 'ASC'} NULLS LAST"


def _order(plan: Plan) -> list[str]:
    return [_directed(f"o{n}", descending) for n, (_, descending) in enumerate(plan.order)]


def _ranked(plan: Plan) -> str:
    groups = ", ".join(f"u{n}" for n in range(len(plan.unique)))
    return _RANKED.format(groups=groups, order="".join(f"{key}, " for key in _order(plan)))
