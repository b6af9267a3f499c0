"""The API process that the tests of VOSI talk to."""

from tests.serving import service, stars

__all__ = ["service", "stars"]
