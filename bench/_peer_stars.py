"""The stars of bench._archive in GAVO DaCHS, from a resource descriptor that makes them in its
database; with the q3c index and the cone search that its tutorial has.

Imported where there are none or another number; whoever runs this needs the rights of `dachs imp`.
"""

import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from bench._archive import COLUMNS
from bench._peer import count_rows

_TYPES = {"long": "bigint", "int": "integer", "float": "real", "double": "double precision"}
_TYPES |= {"boolean": "boolean", "char": "text"}
_UCDS = {"id": "meta.id;meta.main", "ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main"}
_DESCRIPTOR = """<resource schema="bench">
  <meta name="title">Stars to measure with</meta>
  <meta name="description">Random stars</meta>
  <meta name="creationDate">2026-01-01T00:00:00Z</meta>
  <meta name="subject">stars</meta>
  <table id="stars" onDisk="True" adql="True" mixin="//scs#q3cindex">
    {columns}
  </table>
  <data id="import">
    <make table="stars">
      <script type="preIndex" lang="SQL" name="fill">
        INSERT INTO \\schema.stars SELECT {made} FROM generate_series(1, {rows}) AS i
      </script>
    </make>
  </data>
  <service id="cone" allowed="scs.xml">
    <meta name="shortName">stars</meta>
    <scsCore queriedTable="stars"><FEED source="//scs#coreDescs"/></scsCore>
  </service>
</resource>
"""


def has_stars(tap: str, rows: int) -> bool:
    """Whether a running DaCHS has so many stars, imported if need be; a line where it cannot."""
    if count_rows(tap, "bench.stars") == rows:
        return True
    try:
        inputs = _dachs("config", "inputsDir").split()[-1]
        folder = Path(inputs) / "bench"
        folder.mkdir(exist_ok=True)
        (folder / "q.rd").write_text(_descriptor(rows))
        _dachs("imp", str(folder / "q.rd"))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"DaCHS takes no stars ({error}): no peer beside us")
        return False
    return count_rows(tap, "bench.stars") == rows


def _dachs(*arguments: str) -> str:
    done = subprocess.run(["dachs", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def _descriptor(rows: int) -> str:
    columns = []
    for name, datatype, _, xtype, _ in COLUMNS:
        kind = "timestamp" if xtype == "timestamp" else _TYPES[datatype]
        required = ' required="True"' if kind in ("bigint", "integer") else ""
        columns.append(
            f'<column name="{name}" type="{kind}" ucd="{_UCDS.get(name, "")}"{required}/>'
        )
    made = ", ".join(escape(column[-1]) for column in COLUMNS)
    return _DESCRIPTOR.format(columns="\n    ".join(columns), made=made, rows=rows)
