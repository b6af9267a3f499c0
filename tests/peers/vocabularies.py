"""An IVOA vocabulary as the IVOA serves it to pyvo (Vocabularies in the VO 2.1 §3.2.1, "desise"),
made of the term lists in ../shared/standards."""

import csv
from pathlib import Path
from typing import Any

ROOT = "http://www.ivoa.net/rdf/"


def vocabulary(folder: Path, name: str) -> dict[str, Any]:
    """A vocabulary ("datalink/core") of a folder of term lists."""
    terms: dict[str, dict[str, Any]] = {}
    above: list[str] = []
    with (folder / name / "terms.csv").open(encoding="utf-8") as lines:
        for row in csv.reader((line for line in lines if line.strip()), delimiter=";"):
            if row[0].startswith("#"):
                continue
            term, level = row[0].strip(), int(row[1])
            del above[level - 1 :]
            for each in above:
                terms[each]["narrower"].append(term)
            about = {"label": row[2], "description": row[3]}
            terms[term] = about | {"wider": list(above), "narrower": []}
            above.append(term)
    return {"uri": ROOT + name, "flavour": "RDF Properties", "terms": terms}
