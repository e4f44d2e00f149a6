"""Requests counted under the names, labels and bounds of the built-in server, so that one query reads both.

The wrapper takes metrics out of each answer and keeps them for Prometheus. Its own histogram has other bounds; so each
bucket is told as a gauge, under the name that it has in a histogram.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from leeboard_runtime.metrics import CODE_CLASSES, DURATION_BOUNDS_SECONDS, Histogram

DURATION = "leeboard_server_request_duration_seconds"


class Counters:
    """What one worker of the wrapper has answered since it loaded its model."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._durations = Histogram(DURATION_BOUNDS_SECONDS)
        self._started = time.time()

    def begin(self) -> None:
        """Count from now on."""
        self._durations = Histogram(DURATION_BOUNDS_SECONDS)
        self._started = time.time()

    def finished(self, status: int, seconds: float) -> list[dict[str, Any]]:
        """One more request: what the wrapper is told of all."""
        self._durations.observe(seconds)
        return list(self._told(f"{status // 100}xx"))

    def _told(self, code: str) -> Iterator[dict[str, Any]]:
        """Counters are increments, gauges are values."""
        for known in CODE_CLASSES:
            yield self._metric("COUNTER", "leeboard_server_requests", int(known == code), code=known)
        for bound, count in self._durations.cumulative():
            yield self._metric("GAUGE", f"{DURATION}_bucket", count, le=bound)
        yield self._metric("GAUGE", f"{DURATION}_count", float(sum(self._durations.counts)))
        yield self._metric("GAUGE", f"{DURATION}_sum", self._durations.total)
        yield self._metric("GAUGE", "leeboard_server_start_time_seconds", self._started)

    def _metric(self, kind: str, name: str, value: float, **labels: str) -> dict[str, Any]:
        """One entry; its labels are its own, since the wrapper adds one to them."""
        return {"type": kind, "key": name, "value": value, "tags": {**self._labels, **labels}}
