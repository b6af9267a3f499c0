"""The archive that the tests of single files drive."""

from tests.haul import haul

__all__ = ["haul"]
