"""Serving runtimes: pure strategies from one version of a model to the Deployment that serves it."""

from __future__ import annotations

from collections.abc import Mapping

from leeboard.api.inference_service import InferenceServiceSpec
from leeboard.planning.pod_rules import Finding
from leeboard.planning.serving.checks import uncounted
from leeboard.planning.serving.custom import CustomRuntime
from leeboard.planning.serving.deployment import (
    APPLIED,
    IN_POOL,
    RECORD,
    deployment_of,
    hash_of,
    is_in_pool,
    pool_label,
    revision_labels,
)
from leeboard.planning.serving.mlflow import MLflowRuntime
from leeboard.planning.serving.runtime import Ports, Served, ServingRuntime
from leeboard.planning.serving.seldon import SeldonRuntime

RUNTIMES: Mapping[str, ServingRuntime] = {
    "MLflow": MLflowRuntime(),
    "Seldon": SeldonRuntime(),
    "Custom": CustomRuntime(),
}


def check_findings(spec: InferenceServiceSpec) -> tuple[Finding, ...]:
    """Checks of the analysis that the pods of the runtime cannot answer, each with its path."""
    return tuple(uncounted(spec, RUNTIMES[spec.server.runtime]))


__all__ = [
    "APPLIED",
    "IN_POOL",
    "RECORD",
    "RUNTIMES",
    "Ports",
    "Served",
    "ServingRuntime",
    "check_findings",
    "deployment_of",
    "hash_of",
    "is_in_pool",
    "pool_label",
    "revision_labels",
]
