"""The archive that the tests of the client download from."""

from tests.haul import haul

__all__ = ["haul"]
