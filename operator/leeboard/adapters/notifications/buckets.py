"""Token buckets: so many at once, then so many a minute."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

MOST_OBJECTS = 4096
SECONDS_A_MINUTE = 60.0


class TokenBucket:
    """Full at first; ``steady`` is a monotonic clock in seconds."""

    def __init__(self, *, burst: int, per_minute: float, steady: Callable[[], float]) -> None:
        self._burst = burst
        self._per_second = per_minute / SECONDS_A_MINUTE
        self._steady = steady
        self._tokens = float(burst)
        self._at = steady()

    @property
    def has_one(self) -> bool:
        """Whether a token is there; it is not taken."""
        now = self._steady()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return self._tokens >= 1

    def take(self) -> None:
        """Take the token that is there."""
        self._tokens -= 1


class Buckets:
    """One bucket for each object; of MOST_OBJECTS, the one that was asked for last longest ago is forgotten."""

    def __init__(self, make: Callable[[], TokenBucket]) -> None:
        self._make = make
        self._known: OrderedDict[str, TokenBucket] = OrderedDict()

    def of(self, uid: str) -> TokenBucket:
        """The bucket of the object with that uid."""
        bucket = self._known.pop(uid, None) or self._make()
        self._known[uid] = bucket
        if len(self._known) > MOST_OBJECTS:
            self._known.popitem(last=False)
        return bucket
