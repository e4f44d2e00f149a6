"""The MLflow run of an attempt: how it is opened, closed, told apart and shown."""

from __future__ import annotations

from leeboard.api.names import Tag
from leeboard.api.training_job import RunReference, TrainingJob
from leeboard.planning.actions import CloseRun, OpenRun
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Run, RunStatus
from leeboard.planning.training_job.facts import attempt_of, experiment_of, intent_of

MAX_TAG = 5000  # every store of MLflow's takes this much


def open_run(resource: TrainingJob) -> OpenRun:
    """The run of the current attempt; a resumed run gets no context tags by itself, so all are written here."""
    return OpenRun(
        experiment=experiment_of(resource),
        name=resource.metadata.name,
        tags={name: value[:MAX_TAG] for name, value in run_tags(resource).items()},
        parameters=dict(resource.spec.parameters),
    )


def run_tags(resource: TrainingJob) -> dict[str, str]:
    """Identity and lineage of a run."""
    metadata = resource.metadata
    return {
        Tag.UID: metadata.uid,
        Tag.ATTEMPT: str(attempt_of(resource)),
        Tag.INTENT: intent_of(resource),
        Tag.RESOURCE: f"{metadata.namespace}/{metadata.name}",
        **_lineage_tags(resource),
    }


def _lineage_tags(resource: TrainingJob) -> dict[str, str]:
    """Git as claimed, the data set with its whole digest, the image of the first container."""
    spec = resource.spec
    tags: dict[str, str] = {}
    if spec.source is not None:
        tags[Tag.GIT_REPOSITORY] = spec.source.git.repository
        tags[Tag.GIT_REVISION] = spec.source.git.revision
        tags[Tag.GIT_EVIDENCE] = "Claimed"
    if spec.dataset is not None:
        tags[Tag.DATASET_NAME] = spec.dataset.name
        if spec.dataset.uri is not None:
            tags[Tag.DATASET_URI] = spec.dataset.uri
        if spec.dataset.digest is not None:
            tags[Tag.DATASET_DIGEST] = spec.dataset.digest
    containers = (spec.template.get("spec") or {}).get("containers") or ()
    if containers and containers[0].get("image"):
        tags[Tag.IMAGE] = str(containers[0]["image"])
    return tags


def close_run(resource: TrainingJob, run: Run, status: RunStatus) -> tuple[CloseRun, ...]:
    """What is left to close ``run`` with ``status``: the Job's result is the truth, not what the script said."""
    if is_closed(resource, run, status):
        return ()
    return (CloseRun(run.id, status, {Tag.CLOSED: str(attempt_of(resource))}),)


def is_closed(resource: TrainingJob, run: Run, status: RunStatus) -> bool:
    """Whether the operator closed this attempt's run; a script that closes it proves nothing."""
    return run.status is status and run.tags.get(Tag.CLOSED) == str(attempt_of(resource))


def run_reference(run: Run, defaults: Defaults) -> RunReference:
    """The run as status shows it."""
    return with_page(RunReference(id=run.id, experiment_id=run.experiment_id), defaults)


def with_page(reference: RunReference, defaults: Defaults) -> RunReference:
    """``reference`` with the run's page, where the administrator named MLflow's address for people."""
    if defaults.tracking_page is None:
        return reference
    page = f"{defaults.tracking_page.rstrip('/')}/#/experiments/{reference.experiment_id}/runs/{reference.id}"
    return reference.model_copy(update={"url": page})
