"""Series about resources: what they say, as long as they are there, and never too many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from leeboard import resource_metrics
from leeboard.api.names import Kind
from leeboard.resource_metrics import ResourceMetrics

CONDITIONS = [
    {"type": "Serving", "status": "False", "reason": "NoReadyEndpoints"},
    {"type": "Batching", "status": "True", "reason": "ProvenRowWise"},
]


def an_object(name: str, **status: object) -> dict[str, Any]:
    return {"metadata": {"namespace": "team", "name": name}, **({"status": status} if status else {})}


def series(*services: dict[str, Any], trainings: Sequence[dict[str, Any]] = ()) -> list[str]:
    registry = CollectorRegistry()
    objects = {Kind.INFERENCE_SERVICE: services, Kind.TRAINING_JOB: trainings, Kind.MODEL_VERSION: ()}
    registry.register(ResourceMetrics(lambda kind: objects[kind]))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_what_a_service_says_is_told() -> None:
    performance = {"version": "3", "metric": "MAERatio", "value": "1.31", "reference": "1.0"}
    quality = {"version": "3", "faults": [{"feature": "age"}, {"feature": "income"}]}
    service = an_object("loans", phase="Degraded", conditions=CONDITIONS, performance=performance, quality=quality)
    of, down = 'namespace="team",', 'reason="NoReadyEndpoints",service="loans",status="False",type="Serving"'
    assert series(service) == [
        f'leeboard_resources{{kind="InferenceService",{of}phase="Degraded"}} 1.0',
        f'leeboard_service_phase{{{of}phase="Degraded",service="loans"}} 1.0',
        f"leeboard_service_condition{{{of}{down}}} 1.0",
        f'leeboard_performance{{metric="MAERatio",{of}of="live",service="loans",version="3"}} 1.31',
        f'leeboard_performance{{metric="MAERatio",{of}of="reference",service="loans",version="3"}} 1.0',
        f'leeboard_quality_faults{{{of}service="loans",version="3"}} 2.0',
        "leeboard_services_left_out 0.0",
    ]


def test_what_is_not_known_is_not_told_as_a_number() -> None:
    without_labels = {"version": "3", "metric": "Precision", "reference": "0.9"}
    told = series(an_object("new"), an_object("old", phase="Serving", performance=without_labels))
    assert 'leeboard_service_phase{namespace="team",phase="Unknown",service="new"} 1.0' in told
    assert [line for line in told if 'service="new"' in line] == [told[2]]
    assert [line for line in told if 'of="live"' in line] == []


def test_trainings_are_counted_by_phase() -> None:
    trainings = [an_object(f"t{number}", phase="Failed" if number else "Running") for number in range(3)]
    assert series(trainings=trainings)[:2] == [
        'leeboard_resources{kind="TrainingJob",namespace="team",phase="Failed"} 2.0',
        'leeboard_resources{kind="TrainingJob",namespace="team",phase="Running"} 1.0',
    ]


def test_series_are_bounded_and_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_metrics, "MAX_SERVICES", 2)
    told = series(*(an_object(f"s{number}", phase="Serving") for number in range(5)))
    assert sum(line.startswith("leeboard_service_phase") for line in told) == 2
    assert told[-1] == "leeboard_services_left_out 3.0"
