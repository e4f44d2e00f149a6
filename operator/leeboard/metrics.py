"""What the operator counts about itself, for Prometheus."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class PollOutcome(StrEnum):
    """How asking a model server or Prometheus ended."""

    ANSWERED = "answered"
    NOT_ASKED = "not_asked"  # a pod that does not run, or has no counters
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


class NotificationOutcome(StrEnum):
    """What became of a message to an endpoint of the administrator's."""

    SENT = "sent"
    FAILED = "failed"  # after its last attempt, or refused for good
    LIMITED = "limited"  # too many in too short a time
    DROPPED = "dropped"  # too many waited


class Metrics:
    """All series; one instance a process, handed out by app.py."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.queue_depth = self._gauge("queue_depth", "Keys that wait for a worker.")
        self.queue_age = self._gauge("queue_oldest_seconds", "How long the oldest key has waited.")
        self.reconcile = Histogram(
            "leeboard_reconcile_seconds",
            "Duration of one pass.",
            ("kind", "outcome"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.kubernetes = Counter(
            "leeboard_kubernetes_requests_total",
            "Requests to the API server.",
            ("verb", "kind", "code"),
            registry=self.registry,
        )
        self.tracking = Histogram(
            "leeboard_mlflow_seconds",
            "Duration of calls to MLflow.",
            ("call", "outcome"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.polls = Histogram(
            "leeboard_poll_seconds",
            "Duration of asking a model server for its counters, or Prometheus for a query.",
            ("source", "outcome"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.notifications = Counter(
            "leeboard_notifications_total",
            "Messages for an endpoint, by what became of them.",
            ("endpoint", "outcome"),
            registry=self.registry,
        )
        self.watch_lag = Gauge(
            "leeboard_watch_lag_seconds",
            "How long ago a LIST saw what the watch has not delivered yet.",
            ("kind",),
            registry=self.registry,
        )
        self.cached = Gauge("leeboard_cached_objects", "Objects in the watch cache.", ("kind",), registry=self.registry)
        self.leader = self._gauge("leader", "1 while this process may write.")

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"leeboard_{name}", documentation, registry=self.registry)
