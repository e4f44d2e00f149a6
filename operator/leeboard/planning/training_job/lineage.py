"""The ModelVersion resource that a training leaves behind. It has no owner: it outlives its TrainingJob."""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.model_version import (
    GitLineage,
    ImageLineage,
    Lineage,
    ModelSource,
    ModelVersionSpec,
    TrainingJobLineage,
)
from leeboard.api.names import API_VERSION, Kind, Label, Tag, model_version_name, owner_labels
from leeboard.api.resource import Manifest
from leeboard.api.training_job import TrainingJob
from leeboard.planning.facts import Children, RegisteredVersion, Unknown
from leeboard.planning.training_job.facts import attempt_of, pods_of


def model_version(resource: TrainingJob, version: RegisteredVersion, pods: Children | Unknown) -> Manifest:
    """The resource of ``version``, with where it came from; the labels say who made it, nothing owns it."""
    labels = owner_labels(Kind.TRAINING_JOB, name=resource.metadata.name, uid=resource.metadata.uid)
    spec = ModelVersionSpec(
        model=version.model,
        version=version.version,
        source=ModelSource(run_id=version.run_id, model_uri=version.source),
        lineage=_lineage(resource, version, pods),
        approval=resource.spec.model_version.approval,
        reference=resource.spec.model_version.reference,
        evaluation=resource.spec.model_version.evaluation,
    )
    return {
        "apiVersion": API_VERSION,
        "kind": Kind.MODEL_VERSION.value,
        "metadata": {
            "name": model_version_name(version.model, version.version),
            "namespace": resource.metadata.namespace,
            "labels": {**labels, Label.MODEL: version.model},
        },
        "spec": spec.to_json(),
    }


def is_same_version(manifest: Manifest, version: RegisteredVersion) -> bool:
    """Whether an existing ModelVersion speaks of ``version``: lineage may differ, model and source may not."""
    spec = manifest.get("spec") or {}
    source = spec.get("source") or {}
    found = (spec.get("model"), spec.get("version"), source.get("runID"), source.get("modelURI"))
    return found == (version.model, version.version, version.run_id, version.source)


def _lineage(resource: TrainingJob, version: RegisteredVersion, pods: Children | Unknown) -> Lineage:
    """Where it came from; uid and attempt are those in the version's tags, which outlive a restored resource."""
    spec = resource.spec
    attempt = version.tags.get(Tag.ATTEMPT, "")
    return Lineage(
        training_job=TrainingJobLineage(
            name=resource.metadata.name,
            uid=version.tags.get(Tag.UID, resource.metadata.uid),
            attempt=int(attempt) if attempt.isdigit() else attempt_of(resource),
        ),
        git=GitLineage(**spec.source.git.model_dump()) if spec.source else None,
        dataset=spec.dataset,
        images=tuple(_images(resource, pods)),
        parameters=dict(spec.parameters),
    )


def _images(resource: TrainingJob, pods: Children | Unknown) -> Iterator[ImageLineage]:
    """Each container's image as asked for, and as the node resolved it while the pod can still be seen."""
    newest = next(iter(pods_of(resource, pods)), None) if isinstance(pods, Children) else None
    status = (newest or {}).get("status") or {}
    seen = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    resolved = {item.get("name"): item.get("imageID", "") for item in seen}
    spec = resource.spec.template.get("spec") or {}
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        name = str(container["name"])
        yield ImageLineage(container=name, image=container.get("image", ""), image_id=resolved.get(name, ""))
