"""How a value becomes what is counted: one text for a category, numbers for dates, texts and arrays.

The builder of a profile and the server that counts call the same functions, so that a row falls into the same cell in
both. Standard library only: the server's front holds no NumPy.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, shake_128
from operator import itemgetter

Scalar = bool | int | float | str

PROJECTIONS = 8
KNOWN_BYTES = 8
HOURS_OF_WEEK = 168.0
MICROSECONDS = 1_000_000
_HOUR = 3600 * MICROSECONDS
_WEEK = 168 * _HOUR
_FIRST_MONDAY = -3 * 24 * _HOUR  # the epoch was a Thursday
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BITS = 8
_LEAST_TO_PICK = 2  # itemgetter of one index gives no tuple


def category_text(value: Scalar) -> str:
    """The one text of a value: true and false, integers decimal, the shortest text of a double, strings as they are.

    Minus zero is zero: the two compare equal.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else repr(value + 0.0)


def hash_bucket(text: str, buckets: int) -> int:
    """Which of ``buckets`` cells a text without a cell of its own falls into (CRC-32 of its UTF-8)."""
    return zlib.crc32(text.encode(errors="surrogatepass")) % buckets


def value_hash(text: str) -> str:
    """16 hexadecimal digits by which a text is known that may not be stored (BLAKE2b of 8 bytes)."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=KNOWN_BYTES).hexdigest()


def redacted_name(name: str) -> str:
    """What a feature is called whose name may not be stored: the same for the same name."""
    return "redacted-" + blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()


def hour_of_week(microseconds: int) -> float:
    """Hours since Monday 00:00 UTC, from 0 to below 168; ``microseconds`` since the epoch."""
    return ((microseconds - _FIRST_MONDAY) % _WEEK) / _HOUR


def age_seconds(microseconds: int, now: float) -> float:
    """Seconds from a moment (``microseconds`` since the epoch) until ``now`` (Unix seconds); negative in the future."""
    return now - microseconds / MICROSECONDS


def moment_of(text: str) -> int | None:
    """Microseconds since the epoch of an ISO 8601 text, UTC without an offset; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def non_ascii_share(text: str) -> float:
    """The share of a text's characters that are not ASCII; 0 for the empty text."""
    if text.isascii():
        return 0.0
    return sum(character > "\x7f" for character in text) / len(text)


def norm(values: Sequence[float]) -> float:
    """The Euclidean norm of an array, flat."""
    return math.hypot(*values)


def projection(number: int, size: int) -> Callable[[Sequence[float]], float]:
    """Projection ``number`` of arrays with ``size`` elements: their sum with fixed random signs, over the root of size.

    Achlioptas, Database-friendly random projections (2003). The signs are the bits of SHAKE-128 of the number, so they
    are the same in every process.
    """
    bits = shake_128(b"leeboard projection %d" % number).digest((size + _BITS - 1) // _BITS)
    plus = [index for index in range(size) if bits[index // _BITS] >> (index % _BITS) & 1]
    minus = sorted(set(range(size)) - set(plus))
    of_plus, of_minus, scale = _sum_of(plus), _sum_of(minus), math.sqrt(size)
    return lambda values: (of_plus(values) - of_minus(values)) / scale


def _sum_of(indices: Sequence[int]) -> Callable[[Sequence[float]], float]:
    if not indices:
        return lambda _: 0.0
    if len(indices) < _LEAST_TO_PICK:
        return lambda values: values[indices[0]]
    pick = itemgetter(*indices)
    return lambda values: sum(pick(values))
