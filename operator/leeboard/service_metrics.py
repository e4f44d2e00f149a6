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
LABELS = ("namespace", "service", "version")
VERDICTS = ("drift", "quality", "performance")


class ServiceMetrics(Collector):
    """A collector over ``services``, all InferenceServices as they are cached."""

    def __init__(self, services: Callable[[], Iterable[Manifest]]) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Four families, and how many series were left out."""
        psi = GaugeMetricFamily(
            "leeboard_drift_psi", "Corrected PSI of a feature in the last window.", labels=(*LABELS, "feature")
        )
        rows = GaugeMetricFamily("leeboard_drift_window_rows", "Rows of the last window for drift.", labels=LABELS)
        verdict = GaugeMetricFamily(
            "leeboard_verdict", "1 for the verdict that holds.", labels=(*LABELS, "of", "verdict")
        )
        retraining = GaugeMetricFamily(
            "leeboard_retraining", "1 for the reason that holds.", labels=("namespace", "service", "status", "reason")
        )
        left_out = 0
        for service in self._services():
            left_out += _add(service, psi=psi, rows=rows, verdict=verdict, retraining=retraining)
        yield from (psi, rows, verdict, retraining)
        yield GaugeMetricFamily(
            "leeboard_drift_psi_left_out", "Features without a series of their own.", value=float(left_out)
        )


def _add(
    service: Manifest,
    *,
    psi: GaugeMetricFamily,
    rows: GaugeMetricFamily,
    verdict: GaugeMetricFamily,
    retraining: GaugeMetricFamily,
) -> int:
    """The series of one service; how many were left out."""
    metadata, status = service["metadata"], service.get("status") or {}
    names = (metadata["namespace"], metadata["name"])
    for of in VERDICTS:
        found = status.get(of)
        if found:
            verdict.add_metric((*names, found["version"], of, found["verdict"]), 1.0)
    for condition in status.get("conditions") or ():
        if condition["type"] == ConditionType.RETRAINING:
            retraining.add_metric((*names, condition["status"], condition["reason"]), 1.0)
    drift = status.get("drift")
    if not drift:
        return 0
    rows.add_metric((*names, drift["version"]), float(drift["rows"]))
    known = [item for item in drift.get("features") or () if item.get("psi") is not None]
    room = min(MAX_FEATURES, MAX_SERIES - len(psi.samples))
    for item in known[:room]:
        psi.add_metric((*names, drift["version"], item["name"]), float(item["psi"]))
    return len(known) - room if len(known) > room else 0
