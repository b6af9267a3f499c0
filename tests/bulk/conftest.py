"""The archive that the tests of bulk downloads drive."""

from tests.haul import haul

__all__ = ["haul"]
