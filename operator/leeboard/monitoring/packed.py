"""Counts as short text: bytes by place value, deflated, base64. Small numbers cost little, zeros nearly nothing."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence

import numpy as np

from leeboard.monitoring.cells import QUALITY, Cells, Counts

_BYTES = 8
_MOST = 64 * 1024 * 1024
Shape = tuple[int, int, int]


def packed(cells: Cells) -> list[int | str]:
    """Rows, skipped rows, and all counts."""
    return [cells.rows, cells.skipped, pack(np.concatenate((cells.counts.ravel(), cells.quality.ravel())))]


def unpacked(values: Sequence[int | str], shape: Shape) -> Cells:
    """What ``packed`` was given; raises ValueError for anything else. ``shape`` is that of the cells."""
    rows, skipped, text = values
    channels, cells, features = shape
    numbers = unpack(str(text))
    if len(numbers) != channels * cells + features * len(QUALITY):
        raise ValueError(f"{len(numbers)} counts are not those of {shape}")
    counts, quality = np.split(numbers, [channels * cells])
    found = Cells(int(rows), counts.reshape(channels, cells), quality.reshape(features, len(QUALITY)), int(skipped))
    if not found.is_sound:
        raise ValueError("these are no counts")
    return found


def pack(numbers: Counts) -> str:
    """Integers as text."""
    places = np.ascontiguousarray(numbers.astype("<i8")).view(np.uint8).reshape(-1, _BYTES).T
    return b64encode(zlib.compress(np.ascontiguousarray(places).tobytes(), 9)).decode()


def unpack(text: str) -> Counts:
    """The integers; raises ValueError."""
    try:
        unfolder = zlib.decompressobj()
        data = unfolder.decompress(b64decode(text, validate=True), _MOST)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"not packed numbers: {error}") from None
    if unfolder.unconsumed_tail or len(data) % _BYTES:
        raise ValueError("not packed numbers")
    places = np.frombuffer(data, np.uint8).reshape(_BYTES, -1).T
    return np.ascontiguousarray(places).view("<i8").ravel().astype(np.int64)
