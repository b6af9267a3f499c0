"""The API process that the tests of cone search talk to."""

from tests.serving import service, service_environment, stars

__all__ = ["service", "service_environment", "stars"]
