"""What the resources say of themselves, for Prometheus: read from their statuses at each scrape, so nothing outlives
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from leeboard.api.conditions import ConditionType
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest

CONDITIONS = frozenset({ConditionType.SERVING, ConditionType.STALLED})
"""Of a service, those that alerts are about: each costs a series for every service at every scrape."""
MAX_SERVICES = 5_000
NOT_REPORTED = "Unknown"
SERVICE = ("namespace", "service")


class ResourceMetrics(Collector):
    """A collector over ``objects``, which returns all of a kind as they are cached."""

    def __init__(self, objects: Callable[[Kind], Sequence[Manifest]]) -> None:
        self._objects = objects

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """How many there are of each kind by phase, then what services say."""
        yield _numbers({kind: self._objects(kind) for kind in Kind})
        services = self._objects(Kind.INFERENCE_SERVICE)
        told = services[:MAX_SERVICES]
        yield _phases(told)
        yield _conditions(told)
        yield _performance(told)
        yield _faults(told)
        yield GaugeMetricFamily(
            "leeboard_services_left_out",
            "Services without series of their own.",
            value=float(len(services) - len(told)),
        )


def _numbers(objects: dict[Kind, Sequence[Manifest]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily("leeboard_resources", "Resources by phase.", labels=("kind", "namespace", "phase"))
    counted = Counter(
        (kind.value, item["metadata"]["namespace"], _status(item).get("phase") or NOT_REPORTED)
        for kind, items in objects.items()
        for item in items
    )
    for labels, count in sorted(counted.items()):
        family.add_metric(labels, float(count))
    return family


def _phases(services: Iterable[Manifest]) -> GaugeMetricFamily:
    family = GaugeMetricFamily("leeboard_service_phase", "1 for the phase that holds.", labels=(*SERVICE, "phase"))
    for service in services:
        family.add_metric((*_name(service), _status(service).get("phase") or NOT_REPORTED), 1.0)
    return family


def _conditions(services: Iterable[Manifest]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "leeboard_service_condition",
        "1 for the status and reason that a condition has.",
        labels=(*SERVICE, "type", "status", "reason"),
    )
    for service in services:
        for condition in _status(service).get("conditions") or ():
            if condition["type"] in CONDITIONS:
                said = (condition["type"], condition["status"], condition["reason"])
                family.add_metric((*_name(service), *said), 1.0)
    return family


def _performance(services: Iterable[Manifest]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "leeboard_performance",
        "What late labels say of the version that serves, beside its reference.",
        labels=(*SERVICE, "version", "metric", "of"),
    )
    for service in services:
        found = _status(service).get("performance") or {}
        for of, key in (("live", "value"), ("reference", "reference")):
            if found.get(key) is not None:
                family.add_metric((*_name(service), found["version"], found["metric"], of), float(found[key]))
    return family


def _faults(services: Iterable[Manifest]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "leeboard_quality_faults", "Faults of the data in the last window.", labels=(*SERVICE, "version")
    )
    for service in services:
        found = _status(service).get("quality")
        if found:
            family.add_metric((*_name(service), found["version"]), float(len(found.get("faults") or ())))
    return family


def _status(item: Manifest) -> Manifest:
    return item.get("status") or {}


def _name(service: Manifest) -> tuple[str, str]:
    return service["metadata"]["namespace"], service["metadata"]["name"]
