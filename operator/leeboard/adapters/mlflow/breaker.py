"""A circuit breaker: after a few failures in a row a dead server is not asked for a while.

closed ──5 failures in a row──> open ──10 s──> half open ──one call succeeds──> closed
                                 ^─────────────────┘ it fails
"""

from __future__ import annotations

from collections.abc import Callable

from leeboard.errors import TrackingUnavailable

FAILURES = 5
OPEN_SECONDS = 10.0


class CircuitBreaker:
    """Counts failures of one server; used from one thread."""

    def __init__(
        self, *, steady: Callable[[], float], failures: int = FAILURES, open_seconds: float = OPEN_SECONDS
    ) -> None:
        self._steady = steady
        self._limit = failures
        self._open_seconds = open_seconds
        self._failures = 0
        self._opened_at: float | None = None
        self._is_probing = False

    def check(self) -> None:
        """Raise TrackingUnavailable while calls are not let through; in half open one call is."""
        if self._opened_at is None:
            return
        left = self._opened_at + self._open_seconds - self._steady()
        if left > 0 or self._is_probing:
            raise TrackingUnavailable(
                f"MLflow failed {self._failures} times in a row; asked again within {self._open_seconds:.0f} s"
            )
        self._is_probing = True

    def succeeded(self) -> None:
        """The server answered."""
        self._failures = 0
        self._opened_at = None
        self._is_probing = False

    def failed(self) -> None:
        """The server did not answer, or answered with an error of its own."""
        self._failures += 1
        self._is_probing = False
        if self._failures >= self._limit:
            self._opened_at = self._steady()

    def abandoned(self) -> None:
        """The call was given up without an answer either way."""
        self._is_probing = False
