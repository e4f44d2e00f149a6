"""The tables of ``leeboard get``: one row a resource. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.inference_service import InferenceService, InferenceServiceStatus
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest, Metadata, Status
from leeboard.api.training_job import TrainingJob
from leeboard.cli.exits import Failure
from leeboard.cli.moments import age

NONE = "-"
UNKNOWN = "Unknown"
Row = tuple[str, ...]


def service_of(manifest: Manifest) -> InferenceService:
    """The typed service; raises Failure where another version of Leeboard wrote it."""
    try:
        return InferenceService.model_validate(manifest)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise Failure(f"cannot read {where}: {fault['msg']}; is this command line as new as the operator?") from error


def _training_job(manifest: Manifest, now: datetime) -> Row:
    job = TrainingJob.model_validate(manifest)
    status = job.status
    version = status.model_version.version if status.model_version else NONE
    row = (status.phase or UNKNOWN, job.spec.model, version, _reason(status), age(job.metadata.creation_timestamp, now))
    return (*_name(job.metadata), *row)


def _model_version(manifest: Manifest, now: datetime) -> Row:
    made = ModelVersion.model_validate(manifest)
    proof = made.status.fingerprint
    row_wise = UNKNOWN if proof is None else "yes" if proof.row_wise else "no"
    words = (made.status.phase or UNKNOWN, row_wise, _reason(made.status))
    return (*_name(made.metadata), *words, age(made.metadata.creation_timestamp, now))


def _inference_service(manifest: Manifest, now: datetime) -> Row:
    service = service_of(manifest)
    status, traffic = service.status, service.status.traffic
    ready = condition_of(status.conditions, ConditionType.READY)
    share = f"{traffic.applied} %" if traffic and traffic.applied is not None else UNKNOWN
    words = (
        ready.status.value if ready else UNKNOWN,
        service.spec.model.name,
        status.stable.version if status.stable else NONE,
        f"{status.canary.version} ({share})" if status.canary else NONE,
        _step(status),
        _reason(status),
    )
    return (*_name(service.metadata), *words, age(service.metadata.creation_timestamp, now))


def _step(status: InferenceServiceStatus) -> str:
    step = status.step
    return f"{step.phase} {min(step.index + 1, step.total)}/{step.total}" if step else NONE


def _name(metadata: Metadata) -> Row:
    return metadata.namespace, metadata.name


def _reason(status: Status) -> str:
    ready = condition_of(status.conditions, ConditionType.READY)
    return ready.reason if ready else UNKNOWN


TABLES: dict[Kind, tuple[Row, Callable[[Manifest, datetime], Row]]] = {
    Kind.TRAINING_JOB: (("NAMESPACE", "NAME", "PHASE", "MODEL", "VERSION", "REASON", "AGE"), _training_job),
    Kind.MODEL_VERSION: (("NAMESPACE", "NAME", "PHASE", "ROW-WISE", "REASON", "AGE"), _model_version),
    Kind.INFERENCE_SERVICE: (
        ("NAMESPACE", "NAME", "READY", "MODEL", "VERSION", "NEXT", "STEP", "REASON", "AGE"),
        _inference_service,
    ),
}
