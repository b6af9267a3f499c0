"""Rows of a list of links to what the archive makes of a file when it is asked for.

Each is a SELECT from `files`, with the columns of the list's own rows: number and place of the
row, then those of the answer.
"""

from schema.semantics import with_narrower
from service.cuttable.holdings import cuttable
from service.previews.drawable import EXTENSIONS, MEDIA_TYPES, TITLES
from service.spectra.forms import FORMS as _SPECTRUM_FORMS
from service.spectra.holdings import convertible

# Of a row of archive.holding beside that of its dataset.
CONVERTIBLE = str(convertible().compile(compile_kwargs={"literal_binds": True}))
CUTTABLE = str(cuttable().compile(compile_kwargs={"literal_binds": True}))

_LINK_AUTH = "CASE WHEN public THEN 'optional' ELSE 'true' END"
_BASE_URL = "current_setting('starhaul.public_url')"


def _values(rows: list[tuple[str, ...]]) -> str:
    return "VALUES " + ", ".join("(" + ", ".join(f"'{text}'" for text in row) + ")" for row in rows)


_FORM_ROWS = _values([(f.extension, f.media_type, f.title) for f in _SPECTRUM_FORMS.values()])
# The spectrum in other formats is no less the dataset itself.
FORMS = f"""
    SELECT n, 2, extension, holding_id, id,
        {_BASE_URL} || '/spectra/' || holding_id || '.' || extension, NULL, NULL, title, '#this',
        media_type, NULL, '#spectrum', 'starhaul:' || extension, {_LINK_AUTH}, readable, NULL
    FROM (SELECT n, id, holding_id, public, readable FROM files
          WHERE error IS NULL AND convertible) AS spectrum
    CROSS JOIN ({_FORM_ROWS}) AS form (extension, media_type, title)
"""  # noqa: S608

_PREVIEW_ROWS = _values(
    [(kind, form, EXTENSIONS[form], TITLES[kind]) for kind, form in MEDIA_TYPES.items()]
)
_LARGE = [term for term in with_narrower("#preview") if term != "#thumbnail"]
_GIVEN = ", ".join(f"'{term}'" for term in _LARGE)
# Of the file that a dataset is named after, where the publisher gives no preview.
PREVIEWS = f"""
    SELECT n, 3, NULL, holding_id, id,
        {_BASE_URL} || '/previews/' || holding_id || '.' || extension, NULL, NULL, title,
        '#preview', media_type, NULL, NULL, 'starhaul:preview', {_LINK_AUTH}, readable, NULL
    FROM (SELECT n, id, holding_id, public, readable, product FROM files
          WHERE error IS NULL AND is_named AND semantics = '#this'
            AND (product <> 'spectrum' OR convertible)
            AND n NOT IN (SELECT n FROM files WHERE error IS NULL AND semantics IN ({_GIVEN}))
         ) AS drawn
    JOIN ({_PREVIEW_ROWS}) AS drawing (product, media_type, extension, title) USING (product)
"""  # noqa: S608

_CUTOUT_ROWS = _values(
    [
        ("1", "cutout", "A part of it", "application/fits"),
        ("2", "cutouts", "Parts of it, as a job", "text/xml"),
    ]
)
# Of the file that is cut; {suffix} is SQL for what the descriptor's ID ends with.
CUTOUTS = f"""
    SELECT n, 4, place, holding_id, id, NULL, mark || {{suffix}}, NULL, title, '#cutout',
        media_type, NULL, CASE place WHEN '1' THEN '#' || product END, NULL, {_LINK_AUTH},
        readable, NULL
    FROM (SELECT DISTINCT ON (n) n, id, holding_id, public, readable, product FROM files
          WHERE error IS NULL AND cuttable ORDER BY n, holding_id) AS cut
    CROSS JOIN ({_CUTOUT_ROWS}) AS request (place, mark, title, media_type)
"""  # noqa: S608
