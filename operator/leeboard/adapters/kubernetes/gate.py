"""The one gate that every write passes: only a leader whose last renewal is fresh may change the world."""

from __future__ import annotations

from collections.abc import Callable

from leeboard.errors import NotLeaderError


class WriteGate:
    """Open while this process leads and renewed its Lease less than ``renew_deadline`` seconds ago.

    ``renewed_at`` is the moment before the renewing request was sent: the server cannot count from earlier. Without
    election the gate is opened once for ever.
    """

    def __init__(self, *, steady: Callable[[], float], renew_deadline: float) -> None:
        self._steady = steady
        self._renew_deadline = renew_deadline
        self._renewed_at: float | None = None
        self._always = False

    def open_for_ever(self) -> None:
        """Election is switched off: one replica writes."""
        self._always = True

    def renewed(self, at: float) -> None:
        """The Lease was renewed by a request sent at ``at``."""
        self._renewed_at = at

    def shut(self) -> None:
        """The Lease is lost or given back."""
        self._renewed_at = None
        self._always = False

    @property
    def is_open(self) -> bool:
        """Whether a write may start now."""
        if self._always:
            return True
        return self._renewed_at is not None and self._steady() - self._renewed_at < self._renew_deadline

    def check(self) -> None:
        """Raise NotLeaderError when the gate is shut."""
        if not self.is_open:
            raise NotLeaderError("this process does not hold the Lease, or its last renewal is too long ago")
