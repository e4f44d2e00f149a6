"""Counts as short text: bytes by place value, deflated, base64. Small numbers cost little, zeros nearly nothing."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence

import numpy as np

from leeboard.monitoring.cells import QUALITY, Cells, Counts
from leeboard.monitoring.slices import NO_SLICES, SliceKey, Slices, slices_of

_BYTES = 8
_MOST = 64 * 1024 * 1024
Shape = tuple[int, int, int]
Parts = tuple[tuple[SliceKey, ...], int]
"""What is counted apart, and how many counts each of them has."""
NO_PARTS: Parts = ((), 0)


def packed(cells: Cells, parts: Parts = NO_PARTS) -> list[int | str]:
    """Rows, skipped rows, and all counts; those of ``parts`` where there are any."""
    keys, width = parts
    values: list[int | str] = [
        cells.rows,
        cells.skipped,
        pack(np.concatenate((cells.counts.ravel(), cells.quality.ravel()))),
    ]
    return [*values, pack(cells.slices.aligned(keys, width).ravel())] if keys else values


def unpacked(values: Sequence[int | str], shape: Shape, parts: Parts = NO_PARTS) -> Cells:
    """What ``packed`` was given; raises ValueError for anything else. ``shape`` is that of the cells."""
    rows, skipped, text, *apart = values
    channels, cells, features = shape
    numbers = unpack(str(text))
    if len(numbers) != channels * cells + features * len(QUALITY):
        raise ValueError(f"{len(numbers)} counts are not those of {shape}")
    counts, quality = np.split(numbers, [channels * cells])
    found = Cells(
        int(rows),
        counts.reshape(channels, cells),
        quality.reshape(features, len(QUALITY)),
        int(skipped),
        _slices(str(apart[0]), *parts) if apart else NO_SLICES,
    )
    if not found.is_sound:
        raise ValueError("these are no counts")
    return found


def _slices(text: str, keys: Sequence[SliceKey], width: int) -> Slices:
    return slices_of(keys, unpack(text).reshape(len(keys), width))


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
