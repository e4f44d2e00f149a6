"""The last predictions with the hash of what was asked, so that two versions can be compared on the same requests.

    nobody asks ──read──> wanted: every answered row goes in, the oldest goes out ──WANTED_SECONDS without a read──┐
        ^                                                                                                          │
        └──────────────────────────────────────────── emptied at the next read <───────────────────────────────────┘

The first read finds nothing, and a server that nobody asks pays one comparison a request. No input is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from leeboard_runtime.canonical import Canonical
from leeboard_runtime.packed import Packed
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.signature import Description

RING_ENTRIES = 2048
ROWS_OF_A_REQUEST = 32
BYTES_OF_A_REQUEST = 256 * 1024
MAX_OUTPUTS = 64
MAX_TEXT = 256
WANTED_SECONDS = 60.0


class Entry(NamedTuple):
    """One row: the hash of its input, its outputs flat, tensors in the order of their names."""

    input_hash: str
    outputs: list[Any]


class Answers:
    """The ring; lives on the event loop. ``clock`` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ring: deque[Entry] = deque(maxlen=RING_ENTRIES)
        self._canonical: Canonical | None = None
        self._wanted_until = float("-inf")

    def describe(self, description: Description) -> None:
        """The model that answers from now on."""
        self._canonical = Canonical(description)

    @property
    def are_wanted(self) -> bool:
        """Whether somebody has read them lately."""
        return self._wanted_until > self._clock()

    def read(self) -> list[Entry]:
        """The entries, newest first; from now on rows are kept for WANTED_SECONDS."""
        if not self.are_wanted:
            self._ring.clear()
        self._wanted_until = self._clock() + WANTED_SECONDS
        return list(reversed(self._ring))

    def keep(self, packed: Packed, tensors: Sequence[OutputTensor]) -> None:
        """Keep the first rows of an answered request; rows of large outputs are left out."""
        rows = packed.rows
        if self._canonical is None or any(rows > 1 and (t.shape or [1])[0] != rows for t in tensors):
            return
        if sum(len(tensor.data) for tensor in tensors) > MAX_OUTPUTS * rows:
            return
        size = sum(len(block) for block in packed.blocks if isinstance(block, bytes))
        limit = min(ROWS_OF_A_REQUEST, max(1, BYTES_OF_A_REQUEST * rows // max(size, 1)))
        ordered = sorted(tensors, key=lambda tensor: tensor.name) if len(tensors) > 1 else tensors
        for row, input_hash in enumerate(self._canonical.hashes(packed, limit=limit)):
            outputs: list[Any] = []
            for tensor in ordered:
                stride = len(tensor.data) // rows
                outputs += tensor.data[row * stride : (row + 1) * stride]
            if not any(type(value) is str and len(value) > MAX_TEXT for value in outputs):
                self._ring.append(Entry(input_hash, outputs))
