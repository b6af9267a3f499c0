"""The API process that the tests of VOSI talk to."""

from tests.serving import service, service_environment, stars

__all__ = ["service", "service_environment", "stars"]
