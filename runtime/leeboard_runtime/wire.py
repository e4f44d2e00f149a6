"""Frames between the front and the worker over their Unix socket.

Standard library only, as the worker's environment is the model's.

    u32 length of all that follows | u32 length of the header | header: JSON object | block | block | ...

The header's `sizes` are the bytes of each block. Numbers are in the machine's own byte order: both ends are on one
machine.

    front  -> worker  {"rows": [..], "absent"?: [..], "params"?: {..}, "sizes": [..]}      one batch, rows of each in it
    worker -> front   {"ready": {description}} once, or {"failed": {"reason", "message"}} and it exits
    worker -> front   {"outputs": [{"name", "datatype", "code", "shape"}], "sizes": [..]}  the answer to the batch
    worker -> front   {"error": {"status": 400|500, "message"}}                            the batch failed as a whole
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

LENGTHS = struct.Struct("=II")
PREFIX = struct.Struct("=I")
FRAME_LIMIT_BYTES = 1 << 30


class Frame(NamedTuple):
    """A header, still JSON, and the bytes behind it, which begin with the first block."""

    header: bytes
    body: memoryview


def encode(header: bytes, blocks: Sequence[bytes]) -> bytes:
    """One frame."""
    size = PREFIX.size + len(header) + sum(map(len, blocks))
    return b"".join((LENGTHS.pack(size, len(header)), header, *blocks))


def decode(payload: memoryview) -> Frame:
    """Take apart what follows the first length."""
    (header_size,) = PREFIX.unpack_from(payload)
    start = PREFIX.size
    return Frame(bytes(payload[start : start + header_size]), payload[start + header_size :])


def split(body: memoryview, sizes: Sequence[int]) -> list[memoryview]:
    """The blocks of a frame."""
    blocks, start = [], 0
    for size in sizes:
        blocks.append(body[start : start + size])
        start += size
    return blocks


class FrameReader:
    """Collects bytes until frames are whole."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """All frames that are complete now. Raises ValueError for a length that no end of ours would send."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        start = 0
        while len(buffer) - start >= PREFIX.size:
            (size,) = PREFIX.unpack_from(buffer, start)
            if not PREFIX.size <= size <= FRAME_LIMIT_BYTES:
                raise ValueError(f"a frame of {size} bytes")
            end = start + PREFIX.size + size
            if len(buffer) < end:
                break
            frames.append(decode(memoryview(bytes(buffer[start + PREFIX.size : end]))))
            start = end
        del buffer[:start]
        return frames
