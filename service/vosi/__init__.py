"""VOSI 1.1: what a service can do, whether it is up, which tables it has."""

MEDIA_TYPE = "text/xml"
