"""The table of kinds: adding one is one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind
from leeboard.api.training_job import TrainingJob
from leeboard.planning import inference_service, model_version, training_job
from leeboard.reconciler.kind import KindEntry
from leeboard.reconciler.observe_inference_service import observe_inference_service
from leeboard.reconciler.observe_model_version import observe_model_version
from leeboard.reconciler.observe_training_job import observe_training_job

KINDS: Mapping[Kind, KindEntry[Any, Any]] = {
    Kind.TRAINING_JOB: KindEntry(TrainingJob.model_validate, observe_training_job, training_job.plan),
    Kind.MODEL_VERSION: KindEntry(ModelVersion.model_validate, observe_model_version, model_version.plan),
    Kind.INFERENCE_SERVICE: KindEntry(
        InferenceService.model_validate, observe_inference_service, inference_service.plan
    ),
}
