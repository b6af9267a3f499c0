"""The archives that the tests of principals drive."""

from tests.haul import haul
from tests.serving import service, service_environment, stars

__all__ = ["haul", "service", "service_environment", "stars"]
