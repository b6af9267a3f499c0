"""The API process that the tests of TAP talk to, and an archive with a worker."""

from tests.haul import haul
from tests.serving import service, service_environment, stars

__all__ = ["haul", "service", "service_environment", "stars"]
