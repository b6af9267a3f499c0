"""Spectra as VOTable: Spectrum DM 1.2 part 3 (a TABLE a spectrum, utypes spec:Spectrum.*)."""

from collections.abc import Sequence

import pybase64
from lxml import etree

from service.results.elements import xml_text
from service.results.votable import NAMESPACE
from service.spectra.fluxes import vounit_text
from service.spectra.layout import Spectrum
from service.spectra.model import Column, Fact, Origin, columns_of, facts_of, packed, title_of
from service.spectra.provenance import provenance

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SPEC = "http://www.ivoa.net/xml/SpectrumModel/v1.01"
_SCHEMA_LOCATION = f"{NAMESPACE} http://www.ivoa.net/xml/VOTable/votable-1.4.xsd"
_DATATYPES = {"f4": "float", "f8": "double", "i4": "int", "i8": "long"}
# Values that are places or moments, and the system of each (VOTable 1.4 §3.1, §3.2).
_SYSTEMS = {
    "Char.SpatialAxis.Coverage.Location.Value": "icrs",
    "Char.TimeAxis.Coverage.Location.Value": "utc_mjd",
    "Char.TimeAxis.Coverage.Bounds.Start": "utc_mjd",
    "Char.TimeAxis.Coverage.Bounds.Stop": "utc_mjd",
}


def votable(spectra: Sequence[Spectrum], origin: Origin) -> bytes:
    """The document, its rows in BINARY2."""
    root = etree.Element(
        "VOTABLE", nsmap={None: NAMESPACE, "xsi": _XSI, "spec": _SPEC}, version="1.4"
    )
    root.set(f"{{{_XSI}}}schemaLocation", _SCHEMA_LOCATION)
    resource = etree.SubElement(root, "RESOURCE", type="results", utype="spec:Spectrum")
    etree.SubElement(resource, "INFO", name="QUERY_STATUS", value="OK")
    for name, value in provenance(spectra, origin):
        etree.SubElement(resource, "INFO", name=name, value=xml_text(value))
    etree.SubElement(resource, "COOSYS", ID="icrs", system="ICRS")
    moments = etree.SubElement(resource, "TIMESYS", ID="utc_mjd", timeorigin="MJD-origin")
    moments.set("timescale", "UTC")
    moments.set("refposition", "TOPOCENTER")
    rows = []
    for number, spectrum in enumerate(spectra, start=1):
        columns = columns_of(spectrum)
        _table(resource, number, spectrum, columns, origin)
        rows.append(packed(columns, lead=True))
    document = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    pieces: list[bytes] = []
    for values in rows:
        before, _, document = document.partition(b"<?rows ?>")
        pieces += [before, pybase64.b64encode(values.tobytes())]
    return b"".join([*pieces, document])


def _table(
    resource: etree._Element,
    number: int,
    spectrum: Spectrum,
    columns: Sequence[Column],
    origin: Origin,
) -> None:
    """A TABLE with the model's groups and columns; where its rows go stands `<?rows ?>`."""
    attributes = {"utype": "spec:Spectrum", "name": f"spectrum{number}"}
    table = etree.SubElement(resource, "TABLE", attributes, nrows=str(len(spectrum)))
    etree.SubElement(table, "DESCRIPTION").text = xml_text(title_of(spectrum, origin))
    for column in columns:
        _field(table, _identifier(column, number), column)
    groups: dict[str, etree._Element] = {}
    for fact in facts_of(spectrum, origin):
        if not fact.utype:
            continue
        place = table
        if "." in fact.utype:
            if fact.group not in groups:
                utype = f"spec:Spectrum.{fact.group}"
                groups[fact.group] = etree.SubElement(table, "GROUP", utype=utype)
            place = groups[fact.group]
        _param(place, fact)
    data = etree.SubElement(table, "GROUP", utype="spec:Spectrum.Data")
    for column in columns:
        etree.SubElement(data, "FIELDref", ref=_identifier(column, number))
    binary = etree.SubElement(etree.SubElement(table, "DATA"), "BINARY2")
    stream = etree.SubElement(binary, "STREAM", encoding="base64")
    stream.append(etree.ProcessingInstruction("rows"))


def _identifier(column: Column, number: int) -> str:
    """The ID of a column; in the first table its name, which is what astropy shows."""
    return column.name if number == 1 else f"{column.name}_{number}"


def _field(table: etree._Element, identifier: str, column: Column) -> None:
    field = etree.SubElement(
        table,
        "FIELD",
        ID=identifier,
        name=column.name,
        datatype=_DATATYPES[column.values.dtype.str[1:]],
        utype=f"spec:Spectrum.{column.utype}",
        ucd=column.ucd,
    )
    if column.unit:
        field.set("unit", vounit_text(column.unit))
    etree.SubElement(field, "DESCRIPTION").text = column.description


def _param(place: etree._Element, fact: Fact) -> None:
    name = "".join(word[0].upper() + word[1:] for word in fact.utype.split("."))
    param = etree.SubElement(place, "PARAM", name=name, utype=f"spec:Spectrum.{fact.utype}")
    value = fact.value
    if fact.utype == "Char.SpatialAxis.Coverage.Location.Value":
        param.set("datatype", "double")
        param.set("arraysize", "2")
    elif isinstance(value, str):
        param.set("datatype", "char" if value.isascii() else "unicodeChar")
        param.set("arraysize", "*")
    else:
        param.set("datatype", "long" if isinstance(value, int) else "double")
    param.set("value", xml_text(_text(value)))
    if fact.unit:
        param.set("unit", vounit_text(fact.unit))
    if fact.ucd:
        param.set("ucd", fact.ucd)
    if fact.utype in _SYSTEMS:
        param.set("ref", _SYSTEMS[fact.utype])


def _text(value: str | float | int) -> str:
    """A value as VOTable writes it: NaN for what is not known."""
    if isinstance(value, float) and value != value:
        return "NaN"
    return str(value)
