"""The IVOA's XML schemas, to hold every document of the archive against."""

import functools
import re
import tempfile
from pathlib import Path

from lxml import etree

from tests.conftest import ROOT, absent

_XSD = ROOT.parent / "shared" / "standards" / "xsd"
_REMOTE = re.compile(rb'schemaLocation="http[^"]*/([^"/]+)"')
# A capabilities document uses types of these, which VOSICapabilities.xsd does not import.
_CAPABILITIES = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="http://www.ivoa.net/xml/VOSICapabilities/v1.0"
           schemaLocation="VOSICapabilities.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/TAPRegExt/v1.0" schemaLocation="TAPRegExt.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/ConeSearch/v1.0" schemaLocation="ConeSearch.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/SSA/v1.1" schemaLocation="SSA-v1.2.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/VODataService/v1.1"
           schemaLocation="VODataService.xsd"/>
</xs:schema>"""
# An answer to harvesters holds resources, whose types are of these.
_HARVEST = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="http://www.openarchives.org/OAI/2.0/" schemaLocation="OAI-PMH.xsd"/>
<xs:import namespace="http://www.openarchives.org/OAI/2.0/oai_dc/" schemaLocation="oai_dc.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/RegistryInterface/v1.0"
           schemaLocation="RegistryInterface.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/VORegistry/v1.0" schemaLocation="VORegistry.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/VODataService/v1.1"
           schemaLocation="VODataService.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/TAPRegExt/v1.0" schemaLocation="TAPRegExt.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/ConeSearch/v1.0" schemaLocation="ConeSearch.xsd"/>
<xs:import namespace="http://www.ivoa.net/xml/SSA/v1.1" schemaLocation="SSA-v1.2.xsd"/>
</xs:schema>"""


@functools.cache
def schema(name: str) -> etree.XMLSchema:
    """The schema of that file name, its imports taken from its neighbours instead of the net."""
    if not _XSD.is_dir():
        absent("no ../shared/standards beside the repository")
    with tempfile.TemporaryDirectory() as folder:
        for source in _XSD.glob("*.xsd"):
            text = _REMOTE.sub(rb'schemaLocation="\1"', source.read_bytes())
            (Path(folder) / source.name).write_bytes(text)
        (Path(folder) / "capabilities.xsd").write_bytes(_CAPABILITIES)
        (Path(folder) / "harvest.xsd").write_bytes(_HARVEST)
        return etree.XMLSchema(etree.parse(str(Path(folder) / name)))


def valid(document: bytes, name: str) -> etree._Element:
    """The document's root; AssertionError with the reasons where it breaks the schema."""
    root = etree.fromstring(document)
    schema(name).assertValid(root)
    return root
