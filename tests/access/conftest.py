"""The archive that the tests of principals drive."""

from tests.haul import haul

__all__ = ["haul"]
