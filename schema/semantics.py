"""Terms of DataLink's core vocabulary, each with the terms directly below it: what asks for a term
is answered by its narrower ones too (Vocabularies in the VO 2.1)."""

VOCABULARY = "http://www.ivoa.net/rdf/datalink/core"
THIS = "#this"

_NARROWER: dict[str, tuple[str, ...]] = {
    "#this": (),
    "#progenitor": (),
    "#derivation": (),
    "#auxiliary": ("#weight", "#error", "#noise"),
    "#weight": (),
    "#error": (),
    "#noise": (),
    "#calibration": ("#bias", "#dark", "#flat"),
    "#bias": (),
    "#dark": (),
    "#flat": (),
    "#preview": ("#preview-image", "#preview-plot", "#thumbnail"),
    "#preview-image": (),
    "#preview-plot": (),
    "#thumbnail": (),
    "#proc": ("#cutout",),
    "#cutout": (),
    "#documentation": ("#detached-header",),
    "#detached-header": (),
    "#coderived": (),
    "#counterpart": (),
    "#package": (),
}

TERMS = tuple(_NARROWER)
# The files that are part of a dataset, and no datasets themselves, with all narrower terms.
PARTS = (THIS, "#auxiliary", "#preview", "#documentation")


def with_narrower(term: str) -> tuple[str, ...]:
    """A term and every term below it."""
    return (term, *(below for each in _NARROWER[term] for below in with_narrower(each)))
