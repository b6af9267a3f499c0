"""The archive that the tests of jobs drive."""

from tests.haul import haul

__all__ = ["haul"]
