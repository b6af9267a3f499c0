"""The steps of a freezing statement that make names safe, and each of them one file's alone."""

from typing import TypeAlias

# A name and the SELECT that it stands for.
Step: TypeAlias = tuple[str, str]

# Moments with their colons are in many names: replaced first, they need no more than the test.
# OFFSET 0: each text is made once, and not anew wherever the next step uses it.
_SAFE = """
    SELECT {kept}, safe, bulk.folded(safe) COLLATE "C" AS folded
    FROM (SELECT {kept},
              CASE WHEN bulk.is_safe_path(plain) THEN plain ELSE bulk.safe_path(wanted) END AS safe
          FROM (SELECT {kept}, wanted, replace(wanted, ':', '_') AS plain FROM {source}
                OFFSET 0) AS replaced
          OFFSET 0) AS tested
"""
# Folders with all that they lie in: a file of such a name would be in their way.
_FOLDERS = """
    SELECT DISTINCT array_to_string(parts[1:depth], '/') COLLATE "C" AS folder
    FROM (SELECT string_to_array(bulk.folded(folder), '/') AS parts
          FROM (SELECT DISTINCT left(safe, length(safe) - strpos(reverse(safe), '/')) AS folder
                FROM safe WHERE safe LIKE '%/%' OFFSET 0) AS lowest) AS split,
         generate_series(1, cardinality(parts)) AS depth
"""
# The files that cannot have their name. The lowest number keeps one that several want: new files do
# not change the names of old ones.
_MARKED = """
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY folded ORDER BY id) AS nth FROM safe
        WHERE folded IN (SELECT folded FROM safe GROUP BY folded HAVING count(*) > 1)
    ) AS same WHERE nth > 1
    UNION ALL
    SELECT id FROM safe WHERE folded IN (SELECT folder FROM folders)
"""
_NAMED = """
    SELECT *, CASE WHEN id IN (SELECT id FROM marked) THEN bulk.marked_path(safe, id::text)
                   ELSE safe END AS name
    FROM safe
"""


def naming_steps(source: str, kept: str) -> list[Step]:
    """From rows with an `id` and the name `wanted`, NULL where there is no file, to their columns
    `kept` with a `name` as every file system takes it, in the step `named_files`."""
    return [
        ("safe", _SAFE.format(source=source, kept=kept)),
        ("folders", _FOLDERS),
        ("marked", _MARKED),
        ("named_files", _NAMED),
    ]
