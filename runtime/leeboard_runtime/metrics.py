"""The server's own numbers: plain integers on the hot path, turned into Prometheus families when somebody scrapes.

Every series carries the labels `name` (of the InferenceService), `version` (of the model) and `revision` (of the
service), so that a canary is told from a stable version without a join. `prometheus_client` is imported at the first
scrape only.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

DURATION_BOUNDS_SECONDS = (
    *(0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
BATCH_BOUNDS_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
LABELS = ("name", "version", "revision")
CODE_CLASSES = ("2xx", "4xx", "5xx")


class Histogram:
    """Counts by upper bound (inclusive, as Prometheus means `le`) and the sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[str, float]]:
        """Pairs of bound and cumulative count, the last bound `+Inf`."""
        rows, running = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            running += count
            rows.append((bound, float(running)))
        return rows


class ServerMetrics:
    """The numbers of one server process."""

    def __init__(self, name: str, version: str, revision: str = "") -> None:
        self.name = name
        self.version = version
        self.revision = revision
        self.labels = (name, version, revision)
        self.started = time.time()
        self.requests = dict.fromkeys(CODE_CLASSES, 0)
        self.durations = Histogram(DURATION_BOUNDS_SECONDS)
        self.batches = Histogram(BATCH_BOUNDS_ROWS)
        self.in_flight = 0
        self.worker_restarts = 0
        self.last_request = 0.0
        self.queue_depth: Callable[[], int] = lambda: 0
        self.ready: Callable[[], bool] = lambda: False

    def finished(self, status: int, seconds: float) -> None:
        """Count one answered inference request."""
        self.requests[CODE_CLASSES[0] if status < 300 else CODE_CLASSES[1] if status < 500 else CODE_CLASSES[2]] += 1  # noqa: PLR2004
        self.durations.observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """The families, for a prometheus_client registry."""
        from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - see the module's docstring

        requests = CounterMetricFamily(
            "leeboard_server_requests", "Inference requests answered.", labels=[*LABELS, "code"]
        )
        for code, count in self.requests.items():
            requests.add_metric([*self.labels, code], count)
        yield requests
        restarts = CounterMetricFamily(
            "leeboard_server_worker_restarts", "Worker processes started again.", labels=LABELS
        )
        restarts.add_metric(self.labels, self.worker_restarts)
        yield restarts
        yield from self._histograms()
        yield from self._gauges()

    def _histograms(self) -> Iterable[Metric]:
        from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415

        for name, text, histogram in (
            ("request_duration_seconds", "From the request's first byte to its answer.", self.durations),
            ("batch_rows", "Rows in one call of the model.", self.batches),
        ):
            family = HistogramMetricFamily(f"leeboard_server_{name}", text, labels=LABELS)
            family.add_metric(self.labels, buckets=histogram.cumulative(), sum_value=histogram.total)
            yield family

    def _gauges(self) -> Iterable[Metric]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

        for name, text, value in (
            ("requests_in_flight", "Inference requests not yet answered.", self.in_flight),
            ("queue_depth", "Requests that wait for the worker.", self.queue_depth()),
            ("ready", "1 while the server takes requests.", int(self.ready())),
            ("start_time_seconds", "Unix time at which counting began.", self.started),
        ):
            family = GaugeMetricFamily(f"leeboard_server_{name}", text, labels=LABELS)
            family.add_metric(self.labels, value)
            yield family

    def exposition(self, more: Collector | None = None) -> bytes:
        """The Prometheus text format, with the families of ``more``."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)  # a collector is anything with collect()
        if more is not None:
            registry.register(more)
        return generate_latest(registry)
