"""Facts and features of a service's rows, one row each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.inference_service import InferenceServiceStatus
from leeboard.api.monitoring_status import DriftStatus
from leeboard.cli.sparkline import BLOCKS, sparkline

FACTS = (
    ConditionType.MONITORED,
    ConditionType.DRIFT_DETECTED,
    ConditionType.DATA_QUALITY,
    ConditionType.PERFORMANCE_LOST,
    ConditionType.RETRAINING,
)


def facts_of(status: InferenceServiceStatus) -> Iterator[tuple[str, ...]]:
    """The conditions that are about rows and training."""
    for type_ in FACTS:
        found = condition_of(status.conditions, type_)
        if found is not None:
            yield (type_.value, found.status.value, found.reason, found.message)


def features_of(status: InferenceServiceStatus, marks: str = BLOCKS) -> Iterator[tuple[str, ...]]:
    """One row a feature of the last window, stable's and then the canary's; the answers last."""
    for window in (status.drift, status.canary_drift):
        if window is not None:
            yield from _rows(window, marks)


def document_of(status: InferenceServiceStatus) -> dict[str, Any]:
    """The same for programs."""
    parts = status.to_json()
    names = ("drift", "canaryDrift", "quality", "performance", "retraining")
    facts = [one for one in parts.get("conditions", ()) if one["type"] in FACTS]
    return {"conditions": facts, **{name: parts[name] for name in names if name in parts}}


def _rows(window: DriftStatus, marks: str) -> Iterator[tuple[str, ...]]:
    said = {**dict.fromkeys(window.drifted, "drifted"), **dict.fromkeys(window.mismatched, "never fitted")}
    for item in window.features:
        yield (
            window.version,
            item.name,
            item.standing,
            item.psi or "unknown",
            sparkline(item.last, marks),
            said.get(item.name, ""),
        )
    yield (window.version, "(answers)", window.prediction, "", "", said.get("prediction", ""))
    if window.share is not None:
        yield (window.version, "(importance that drifted)", "", window.share, "", said.get("importance", ""))
