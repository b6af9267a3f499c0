"""Bytes on their way, one buffer at a time."""

from collections.abc import AsyncGenerator, Generator

BUFFER_BYTES = 1 << 20

Octets = bytes | bytearray | memoryview
Buffers = Generator[Octets, None, None]
AsyncBuffers = AsyncGenerator[Octets, None]
