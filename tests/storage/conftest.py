"""What the tests of stores share: a real S3 server, a running archive."""

from tests.buckets import bucket_server
from tests.haul import haul

__all__ = ["bucket_server", "haul"]
