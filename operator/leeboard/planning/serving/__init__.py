"""Serving runtimes: pure strategies from one version of a model to the Deployment that serves it."""

from __future__ import annotations

from collections.abc import Mapping

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

RUNTIMES: Mapping[str, ServingRuntime] = {
    "MLflow": MLflowRuntime(),
}

__all__ = [
    "APPLIED",
    "IN_POOL",
    "RECORD",
    "RUNTIMES",
    "Ports",
    "Served",
    "ServingRuntime",
    "deployment_of",
    "hash_of",
    "is_in_pool",
    "pool_label",
    "revision_labels",
]
