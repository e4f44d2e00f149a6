"""Where a run says that the rows are which its model's profile may be built from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from leeboard.api.reference import Reference

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

CONTEXT = "mlflow.data.context"
NAMES = ("reference.csv", "reference.parquet")


def logged_reference(client: MlflowClient, run_id: str) -> Reference | None:
    """See ports.Tracking."""
    inputs = client.get_run(run_id).inputs
    for item in () if inputs is None else inputs.dataset_inputs:
        is_reference = any(tag.key == CONTEXT and tag.value == "reference" for tag in item.tags)
        if is_reference and (found := _of(item.dataset)) is not None:
            return found
    artifacts: Sequence[entities.FileInfo] = client.list_artifacts(run_id)
    files = {item.path for item in artifacts if not item.is_dir}
    return next((Reference(artifact=name) for name in NAMES if name in files), None)


def _of(dataset: entities.Dataset) -> Reference | None:
    """The data set's address; None for one that a pod cannot ask: a file of the training's own, or none at all."""
    try:
        source = json.loads(dataset.source)
        uri = source.get("url") or source.get("uri")
        return Reference(uri=uri) if uri else None
    except (ValueError, AttributeError, ValidationError):
        return None
