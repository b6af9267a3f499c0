"""The steps of a freezing statement that make names safe, and each of them one file's alone."""

from typing import TypeAlias

# A name and the SELECT that it stands for.
Step: TypeAlias = tuple[str, str]

# Moments with their colons are in many names: replaced first, they need no more than the test.
_SAFE = """
    SELECT *, CASE WHEN bulk.is_safe_path(replace(wanted, ':', '_')) THEN replace(wanted, ':', '_')
                   ELSE bulk.safe_path(wanted) END AS safe
    FROM {source}
"""
# Folders with all that they lie in: a file of such a name would be in their way.
_FOLDERS = """
    SELECT DISTINCT array_to_string(parts[1:depth], '/') COLLATE "C" AS folder
    FROM (SELECT string_to_array(folder, '/') AS parts
          FROM (SELECT DISTINCT bulk.folded(left(safe, length(safe) - strpos(reverse(safe), '/')))
                       AS folder FROM safe WHERE safe LIKE '%/%') AS lowest) AS split,
         generate_series(1, cardinality(parts)) AS depth
"""
# The lowest number keeps a name that several want: new files do not change the names of old ones.
_NAMED = """
    SELECT *, CASE
        WHEN row_number() OVER (PARTITION BY bulk.folded(safe) COLLATE "C" ORDER BY id) > 1
             OR bulk.folded(safe) COLLATE "C" IN (SELECT folder FROM folders)
        THEN bulk.marked_path(safe, id::text) ELSE safe END AS name
    FROM safe
"""


def naming_steps(source: str) -> list[Step]:
    """From rows with an `id` and the name `wanted`, NULL where there is no file, to the same rows
    with a `name` as every file system takes it, in the step `named_files`."""
    return [
        ("safe", _SAFE.format(source=source)),
        ("folders", _FOLDERS),
        ("named_files", _NAMED),
    ]
