"""What Prometheus gets of the cells: bounded, the most important features first, no raw value."""

import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from leeboard_runtime.metrics import ServerMetrics
from leeboard_runtime.monitor import Declared, Monitor
from leeboard_runtime.monitor_metrics import MOST_FEATURES, MOST_SERIES, MonitorMetrics
from leeboard_runtime.profile_reading import parse_profile
from leeboard_runtime.slices import Slices
from tests.support.profile_document import encoded, numeric_profile
from tests.unit.runtime.counted import PROFILE, Row, answer, fresh, packed


def samples(monitor: Monitor) -> list[Sample]:
    """Everything that one pod would tell, its server's own metrics included."""
    server = ServerMetrics("car-loan", "3", "r3")
    text = server.exposition(MonitorMetrics(monitor, server.labels)).decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def told(document: dict[str, Any]) -> list[Sample]:
    return samples(Monitor(Declared(parse_profile(encoded(document))), tokens=None, clock=time.time))


def features_in(found: list[Sample]) -> set[str]:
    return {one.labels["feature"] for one in found if one.name == "leeboard_monitoring_quality_rows_total"}


@pytest.mark.parametrize(("features", "cells"), [(1, 2), (30, 10), (100, 10), (40, 37), (20, 59)])
def test_a_pod_has_at_most_a_thousand_series_and_says_how_many_it_left_out(features: int, cells: int) -> None:
    found = told(numeric_profile(features, cells=cells))

    of_cells = [one for one in found if one.name.endswith(("cell_rows_total", "quality_rows_total"))]
    left_out = next(one.value for one in found if one.name == "leeboard_monitoring_series_left_out")
    assert len(found) <= MOST_SERIES
    assert 0 < len(features_in(found)) <= MOST_FEATURES
    assert len(of_cells) + left_out == features * (cells + 6) + 10 + 2


def test_the_most_important_features_are_told() -> None:
    document = numeric_profile(60)
    for index, one in enumerate(document["features"]):
        one["importance"] = None if index < 10 else index / 1000
    assert features_in(told(document)) == {f"x{index}" for index in range(30, 60)}


def test_cells_are_counted_and_no_value_is_a_label() -> None:
    monitor = Monitor(Declared(PROFILE, segments=(Slices("city", ("Oslo",)),)), tokens=None, clock=time.time)
    monitor.cells = fresh()
    row: Row = {
        "amount": 5.0, "ratio": None, "visits": 1, "member": True, "city": "Oslo", "note": "secret", "since": None,
        "probability": 0.75,
    }  # fmt: skip
    monitor.cells.count([monitor.cells.read([packed([row])], answer([row]), 0.0)])

    found = samples(monitor)

    counted = {
        (one.labels["channel"], one.labels["measure"], one.labels["cell"])
        for one in found
        if one.name == "leeboard_monitoring_cell_rows_total" and one.value == 1
    }
    assert {("amount", "Value", "2"), ("visits", "Category", "0"), ("note", "Length", "2")} <= counted
    assert {("score", "Value", "2"), ("class", "Category", "1")} <= counted
    faults = {
        (one.labels["feature"], one.labels["kind"])
        for one in found
        if one.name == "leeboard_monitoring_quality_rows_total" and one.value
    }
    assert faults == {("ratio", "null"), ("since", "null")}
    values = {value for one in found for value in one.labels.values()}
    assert not values & {"Oslo", "Bergen", "secret", "true"}
    assert [one.value for one in found if one.name == "leeboard_monitoring_rows_total"] == [1]
