"""The API process that the tests of TAP talk to."""

from tests.serving import service, stars

__all__ = ["service", "stars"]
