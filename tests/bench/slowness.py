"""Which simulated requests are slow, by the bounds that the operator chooses from what the stable version showed.

Until there is a bound nothing counts for the latency, as in the operator. The bound is chosen anew whenever about twice
as much was seen, not at each poll.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from leeboard.api.rollout import Latency
from leeboard.monitoring.analysis.checks import slow_parts
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS

Floats = NDArray[np.float64]
BUCKETS = len(DURATION_BOUNDS_SECONDS) + 1
CHOSEN_AT = (1, 2, 3, 6, 12, 24, 48, 96, 192)


@dataclass
class SlowRequests:
    """Slow requests of each tick, for each check on latency; nothing for the others."""

    checks: list[Latency | None]
    rows: int
    stable: Floats = field(init=False)
    tick: int = 0

    def __post_init__(self) -> None:
        self.stable = np.zeros((self.rows, BUCKETS))
        never = np.zeros((self.rows, 2, BUCKETS))
        self.parts = [never for _ in self.checks]

    def next(self, durations: Floats) -> list[Floats]:
        """Slow requests and those that count (rows, pods and canary, 2) of one tick, for each check."""
        if self.tick in CHOSEN_AT:
            self.parts = [self._parts(latency) for latency in self.checks]
        self.tick += 1
        slow = []
        for parts in self.parts:
            known = parts.sum(axis=(1, 2))[:, None] > 0
            late = np.concatenate(
                [
                    (durations[:, :-1] * parts[:, None, 1]).sum(axis=-1),
                    (durations[:, -1:] * parts[:, None, 0]).sum(axis=-1),
                ],
                axis=1,
            )
            slow.append(np.stack((late, np.where(known, durations.sum(axis=-1), 0.0)), axis=-1))
        self.stable += durations[:, :-1].sum(axis=1)
        return slow

    def _parts(self, latency: Latency | None) -> Floats:
        parts = np.zeros((self.rows, 2, BUCKETS))
        if latency is None:
            return parts
        for row in range(self.rows):
            known = slow_parts(latency, tuple(int(count) for count in self.stable[row]))
            if known is not None:
                parts[row] = known
        return parts
