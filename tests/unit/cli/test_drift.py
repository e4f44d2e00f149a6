"""What the drift of a service looks like on the command line."""

from __future__ import annotations

from leeboard.api.conditions import ConditionStatus
from leeboard.api.inference_service import InferenceServiceStatus
from leeboard.api.monitoring_status import FeatureStatus, ServedDriftStatus
from leeboard.cli.drift_rows import document_of, facts_of, features_of
from tests.unit.cli.services import condition

WINDOW = ServedDriftStatus(
    revision="r1",
    version="3",
    profile=f"sha256:{1:064x}",
    since="2026-03-01T12:00:00Z",
    until="2026-03-02T12:00:00Z",
    rows=2400,
    verdict="Drift",
    drifted=("car_value", "importance"),
    mismatched=("visits",),
    prediction="Stable",
    share="0.410",
    features=(
        FeatureStatus(name="car_value", standing="Drifted", psi="0.4200", last=("", "0.010", "0.420")),
        FeatureStatus(name="visits", standing="Drifted", psi="0.3100"),
        FeatureStatus(name="note", standing="TooFewRows"),
    ),
)
STATUS = InferenceServiceStatus(
    conditions=(
        condition("Ready", ConditionStatus.TRUE, "Serving"),
        condition("DriftDetected", ConditionStatus.TRUE, "Drift", message="car_value drifted"),
        condition("Retraining", ConditionStatus.FALSE, "CoolingDown", message="Drift: suppressed: until tomorrow"),
    ),
    drift=WINDOW,
)


def test_facts_say_why_a_trigger_was_suppressed() -> None:
    assert list(facts_of(STATUS)) == [
        ("DriftDetected", "True", "Drift", "car_value drifted"),
        ("Retraining", "False", "CoolingDown", "Drift: suppressed: until tomorrow"),
    ]


def test_features_are_shown_with_what_is_unknown_said_to_be() -> None:
    assert list(features_of(STATUS)) == [
        ("3", "car_value", "Drifted", "0.4200", "·▁█", "drifted"),
        ("3", "visits", "Drifted", "0.3100", "", "never fitted"),
        ("3", "note", "TooFewRows", "unknown", "", ""),
        ("3", "(answers)", "Stable", "", "", ""),
        ("3", "(importance that drifted)", "", "0.410", "", "drifted"),
    ]


def test_programs_get_the_same() -> None:
    document = document_of(STATUS)
    assert document.keys() == {"conditions", "drift"}
    assert [one["type"] for one in document["conditions"]] == ["DriftDetected", "Retraining"]
    assert document["drift"]["features"][2] == {"name": "note", "standing": "TooFewRows", "last": []}
