"""What was judged of services, for Prometheus: read from their statuses at each scrape, so nothing outlives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from leeboard.api.conditions import ConditionType
from leeboard.api.resource import Manifest

MAX_FEATURES = 10
"""Of a service, those with the largest change."""
MAX_SERIES = 20_000
MAX_SLICES = 5_000
"""Segments and groups of all services; a group may have three series more, of its ratio."""
BOUNDS = ("value", "low", "high")
LABELS = ("namespace", "service", "version")
VERDICTS = ("drift", "quality", "performance")


class ServiceMetrics(Collector):
    """A collector over ``services``, all InferenceServices as they are cached."""

    def __init__(self, services: Callable[[], Iterable[Manifest]]) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families, and how many series were left out."""
        families = Families()
        features = slices = 0
        for service in self._services():
            features += _add(service, families)
            slices += _add_slices(service, families)
        yield from families
        yield _left_out("leeboard_drift_psi_left_out", "Features without a series of their own.", features)
        yield _left_out("leeboard_slices_left_out", "Segments and groups without a series of their own.", slices)


class Families:
    """What the series are of."""

    def __init__(self) -> None:
        parts = (*LABELS, "input", "value")
        self.psi = GaugeMetricFamily(
            "leeboard_drift_psi", "Corrected PSI of a feature in the last window.", labels=(*LABELS, "feature")
        )
        self.rows = GaugeMetricFamily("leeboard_drift_window_rows", "Rows of the last window for drift.", labels=LABELS)
        self.verdict = GaugeMetricFamily(
            "leeboard_verdict", "1 for the verdict that holds.", labels=(*LABELS, "of", "verdict")
        )
        self.retraining = GaugeMetricFamily(
            "leeboard_retraining", "1 for the reason that holds.", labels=("namespace", "service", "status", "reason")
        )
        self.segments = GaugeMetricFamily(
            "leeboard_segment_psi", "Corrected PSI of the answers for a segment in the last window.", labels=parts
        )
        self.rates = GaugeMetricFamily(
            "leeboard_group_rate", "Share of a group's rows with the favourable answer.", labels=parts
        )
        self.ratios = GaugeMetricFamily(
            "leeboard_group_ratio",
            "A group's rate divided by that of the first group, by end of the interval.",
            labels=(*parts, "bound"),
        )

    def __iter__(self) -> Iterator[GaugeMetricFamily]:
        yield from (self.psi, self.rows, self.verdict, self.retraining, self.segments, self.rates, self.ratios)


def _left_out(name: str, text: str, count: int) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(count))


def _add(service: Manifest, families: Families) -> int:
    """The series of one service; how many were left out."""
    metadata, status = service["metadata"], service.get("status") or {}
    names = (metadata["namespace"], metadata["name"])
    for of in VERDICTS:
        found = status.get(of)
        if found:
            families.verdict.add_metric((*names, found["version"], of, found["verdict"]), 1.0)
    for condition in status.get("conditions") or ():
        if condition["type"] == ConditionType.RETRAINING:
            families.retraining.add_metric((*names, condition["status"], condition["reason"]), 1.0)
    drift = status.get("drift")
    if not drift:
        return 0
    families.rows.add_metric((*names, drift["version"]), float(drift["rows"]))
    known = [item for item in drift.get("features") or () if item.get("psi") is not None]
    room = min(MAX_FEATURES, MAX_SERIES - len(families.psi.samples))
    for item in known[:room]:
        families.psi.add_metric((*names, drift["version"], item["name"]), float(item["psi"]))
    return len(known) - room if len(known) > room else 0


def _add_slices(service: Manifest, families: Families) -> int:
    """The same of segments and groups: values that the spec declares, and no others, are labels."""
    metadata, drift = service["metadata"], (service.get("status") or {}).get("drift") or {}
    left_out = 0
    for name in ("segments", "groups"):
        for item in drift.get(name) or ():
            labels = (metadata["namespace"], metadata["name"], drift["version"], item["column"], item["value"])
            if len(families.segments.samples) + len(families.rates.samples) >= MAX_SLICES:
                left_out += 1
                continue
            if item.get("psi") is not None:
                families.segments.add_metric(labels, float(item["psi"]))
            if item.get("rate") is not None:
                families.rates.add_metric(labels, float(item["rate"][0]))
            for bound, number in zip(BOUNDS, item.get("ratio") or (), strict=False):
                families.ratios.add_metric((*labels, bound), float(number))
    return left_out
