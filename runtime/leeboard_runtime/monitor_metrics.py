"""What Prometheus gets of the cells: those of the most important features, a bounded number of series, no raw value.

Everything is in `/monitoring/counts`; here are the score, the class and MOST_FEATURES features, as long as a pod has no
more than MOST_SERIES series in all. How many were left out is a series of its own. Cells are told by their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leeboard_runtime.cells import QUALITY
from leeboard_runtime.channels import Profile, Role
from leeboard_runtime.metrics import LABELS
from leeboard_runtime.monitor import Monitor

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

MOST_SERIES = 1000
OTHER_SERIES = 100  # the server's own, and those here that are not cells
MOST_FEATURES = 30


class MonitorMetrics:
    """A collector; which cells it tells is settled by the profile, once."""

    def __init__(self, monitor: Monitor, labels: Sequence[str]) -> None:
        self._monitor = monitor
        self._labels = tuple(labels)
        self._profile = monitor.declared.profile
        self._channels, self._features = _chosen(self._profile)
        every = sum(channel.cells for channel in self._profile.channels) + len(QUALITY) * len(self._profile.features)
        told = sum(self._profile.channels[index].cells for index in self._channels) + len(QUALITY) * len(self._features)
        self._left_out = every - told

    def collect(self) -> Iterable[Metric]:
        """The families, for a prometheus_client registry."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - see metrics.py

        yield from self._cells()
        for name, text, value in (
            ("rows", "Answered rows that were counted.", self._monitor.counted.rows),
            ("skipped_rows", "Answered rows that were not counted.", self._monitor.counted.skipped),
            ("faults", "Requests whose counting failed.", self._monitor.faults),
        ):
            family = CounterMetricFamily(f"leeboard_monitoring_{name}", text, labels=LABELS)
            family.add_metric(self._labels, value)
            yield family
        left_out = GaugeMetricFamily(
            "leeboard_monitoring_series_left_out", "Series that the limit keeps out of /metrics.", labels=LABELS
        )
        left_out.add_metric(self._labels, self._left_out)
        yield left_out
        if self._monitor.tokens is not None:
            labels = CounterMetricFamily(
                "leeboard_monitoring_labels", "Labels that came to /feedback.", labels=[*LABELS, "outcome"]
            )
            for outcome, count in self._monitor.tokens.feedback.counted.items():
                labels.add_metric([*self._labels, outcome], count)
            yield labels

    def _cells(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415

        cells = CounterMetricFamily(
            "leeboard_monitoring_cell_rows",
            "Rows in each cell of a channel.",
            labels=[*LABELS, "channel", "role", "measure", "cell"],
        )
        counts = self._monitor.counted.counts()
        for index in self._channels:
            channel = self._profile.channels[index]
            for cell, count in enumerate(counts[index]):
                cells.add_metric([*self._labels, channel.name, channel.role, channel.measure, str(cell)], count)
        yield cells
        quality = CounterMetricFamily(
            "leeboard_monitoring_quality_rows",
            "Rows in no cell, by what is wrong with the feature's value.",
            labels=[*LABELS, "feature", "kind"],
        )
        faults = self._monitor.counted.quality()
        for index in self._features:
            for kind, count in zip(QUALITY, faults[index], strict=True):
                quality.add_metric([*self._labels, self._profile.features[index].name, kind], count)
        yield quality


def _chosen(profile: Profile) -> tuple[list[int], list[int]]:
    """Channels and features that are told: score and class first, then features by importance, each as a whole."""
    channels = [index for index, channel in enumerate(profile.channels) if channel.role is not Role.FEATURE]
    room = MOST_SERIES - OTHER_SERIES - sum(profile.channels[index].cells for index in channels)
    ranked = sorted(range(len(profile.features)), key=lambda index: -(profile.features[index].importance or 0.0))
    features: list[int] = []
    for feature in ranked[:MOST_FEATURES]:
        own = [index for index, channel in enumerate(profile.channels) if channel.feature == feature]
        size = len(QUALITY) + sum(profile.channels[index].cells for index in own)
        if size <= room:
            features.append(feature)
            channels += own
            room -= size
    return channels, features
