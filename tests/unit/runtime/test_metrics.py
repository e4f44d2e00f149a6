"""The server's own numbers."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from leeboard_runtime.metrics import Histogram, ServerMetrics


def samples(metrics: ServerMetrics) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, sample.labels.get("code") or sample.labels.get("le") or ""): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_series_carries_the_service_the_version_and_the_revision() -> None:
    families = list(text_string_to_metric_families(ServerMetrics("car", "3", "r3").exposition().decode()))
    labels = [
        tuple(sample.labels[name] for name in ("name", "version", "revision"))
        for family in families
        for sample in family.samples
    ]
    assert len(families) == 8
    assert set(labels) == {("car", "3", "r3")}


@pytest.mark.parametrize(("status", "code"), [(200, "2xx"), (400, "4xx"), (413, "4xx"), (500, "5xx"), (504, "5xx")])
def test_requests_are_counted_by_class(status: int, code: str) -> None:
    metrics = ServerMetrics("car", "3")
    metrics.finished(status, 0.004)
    counted = {key[1]: value for key, value in samples(metrics).items() if key[0] == "leeboard_server_requests_total"}
    assert counted == {"2xx": 0, "4xx": 0, "5xx": 0} | {code: 1}


def test_a_duration_is_in_its_bucket_and_in_all_above() -> None:
    metrics = ServerMetrics("car", "3")
    metrics.finished(200, 0.004)
    metrics.finished(200, 100.0)
    seen = samples(metrics)
    bucket = "leeboard_server_request_duration_seconds_bucket"
    assert (seen[bucket, "0.003"], seen[bucket, "0.005"], seen[bucket, "60.0"], seen[bucket, "+Inf"]) == (0, 1, 1, 2)
    assert seen["leeboard_server_request_duration_seconds_sum", ""] == 100.004


def test_a_bound_belongs_to_its_bucket() -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.observe(1.0)
    assert histogram.cumulative() == [("1.0", 1), ("2.0", 1), ("+Inf", 1)]


def test_gauges_are_read_at_the_scrape() -> None:
    metrics = ServerMetrics("car", "3")
    metrics.queue_depth = lambda: 7
    metrics.ready = lambda: True
    metrics.in_flight = 2
    metrics.worker_restarts = 3
    seen = samples(metrics)
    assert seen["leeboard_server_queue_depth", ""] == 7
    assert seen["leeboard_server_ready", ""] == 1
    assert seen["leeboard_server_requests_in_flight", ""] == 2
    assert seen["leeboard_server_worker_restarts_total", ""] == 3
