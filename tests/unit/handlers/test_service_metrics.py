"""Series about services: what is judged, as long as the service is there, and never too many."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from leeboard import service_metrics
from leeboard.service_metrics import MAX_FEATURES, ServiceMetrics


def a_service(name: str, *, features: int = 2) -> dict[str, Any]:
    known = [{"name": f"x{place}", "standing": "Stable", "psi": f"0.{place + 1}"} for place in range(features)]
    drift = {
        "version": "3",
        "rows": 2400,
        "verdict": "Drift",
        "features": [*known, {"name": "y", "standing": "TooFewRows"}],
    }
    conditions = [{"type": "Retraining", "status": "False", "reason": "CoolingDown"}]
    return {
        "metadata": {"namespace": "team", "name": name},
        "status": {"drift": drift, "quality": {"version": "3", "verdict": "Good"}, "conditions": conditions},
    }


def series(*services: dict[str, Any]) -> list[str]:
    registry = CollectorRegistry()
    registry.register(ServiceMetrics(lambda: services))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_what_was_judged_is_told() -> None:
    names = 'namespace="team",service="loans"'
    of = f'{names},version="3"'
    assert series(a_service("loans")) == [
        f'leeboard_drift_psi{{feature="x0",{of}}} 0.1',
        f'leeboard_drift_psi{{feature="x1",{of}}} 0.2',
        f"leeboard_drift_window_rows{{{of}}} 2400.0",
        'leeboard_verdict{namespace="team",of="drift",service="loans",verdict="Drift",version="3"} 1.0',
        'leeboard_verdict{namespace="team",of="quality",service="loans",verdict="Good",version="3"} 1.0',
        'leeboard_retraining{namespace="team",reason="CoolingDown",service="loans",status="False"} 1.0',
        "leeboard_drift_psi_left_out 0.0",
        "leeboard_slices_left_out 0.0",
    ]


def test_a_service_of_which_nothing_is_known_has_no_series() -> None:
    assert series({"metadata": {"namespace": "team", "name": "new"}}) == [
        "leeboard_drift_psi_left_out 0.0",
        "leeboard_slices_left_out 0.0",
    ]


def test_series_are_bounded_by_service_and_altogether(monkeypatch: pytest.MonkeyPatch) -> None:
    many = series(a_service("wide", features=MAX_FEATURES + 5))
    assert sum(line.startswith("leeboard_drift_psi{") for line in many) == MAX_FEATURES
    assert many[-2] == "leeboard_drift_psi_left_out 5.0"
    monkeypatch.setattr(service_metrics, "MAX_SERIES", 3)
    few = series(a_service("one"), a_service("two"), a_service("three"))
    assert sum(line.startswith("leeboard_drift_psi{") for line in few) == 3
    assert few[-2] == "leeboard_drift_psi_left_out 3.0"


def with_slices(name: str) -> dict[str, Any]:
    service = a_service(name, features=0)
    sex = {"column": "sex", "standing": "Differs", "rows": 900}
    service["status"]["drift"] |= {
        "segments": [{"column": "region", "value": "north", "standing": "Stable", "rows": 9, "psi": "0.2"},
                     {"column": "region", "value": "south", "standing": "NoReference", "rows": 9}],
        "groups": [{**sex, "value": "f", "rate": ["0.5", "0.4", "0.6"]},
                   {**sex, "value": "m", "rate": ["0.4", "0.3", "0.5"], "ratio": ["0.8", "0.7", "0.9"]}],
    }  # fmt: skip
    return service


def test_segments_and_groups_are_told_and_what_is_unknown_is_not() -> None:
    told = [line for line in series(with_slices("loans")) if "input=" in line]
    of = 'namespace="team",service="loans"'
    north, woman, man = (f'input="{column}",{of},value="{value}",version="3"' for column, value in
                         (("region", "north"), ("sex", "f"), ("sex", "m")))  # fmt: skip
    assert told == [
        f"leeboard_segment_psi{{{north}}} 0.2",
        f"leeboard_group_rate{{{woman}}} 0.5",
        f"leeboard_group_rate{{{man}}} 0.4",
        f'leeboard_group_ratio{{bound="value",{man}}} 0.8',
        f'leeboard_group_ratio{{bound="low",{man}}} 0.7',
        f'leeboard_group_ratio{{bound="high",{man}}} 0.9',
    ]


def test_segments_and_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_metrics, "MAX_SLICES", 2)
    few = series(with_slices("one"), with_slices("two"))
    assert sum(line.startswith(("leeboard_segment_psi", "leeboard_group_rate")) for line in few) == 2
    assert few[-1] == "leeboard_slices_left_out 5.0"
