"""Stage REGISTERING: from a completed Job to exactly one registered version and its ModelVersion.

    pick the READY model ─> claim the registered model ─> register ─> ModelVersion ─> run closed ─> Succeeded

Each arrow is a pass that observes what the last one asked for. Versions carry our uid from their creation, so a lost
reply registers at most a duplicate, which is tagged; the lowest number counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from leeboard.api.names import Tag, model_version_name
from leeboard.api.reasons_training_job import TrainingPhase, TrainingReason
from leeboard.api.training_job import (
    MAX_METRICS,
    Failure,
    FailureClass,
    LoggedModelReference,
    Metric,
    ModelVersionReference,
    TrainingJobStatus,
)
from leeboard.planning.actions import Action, ClaimModel, RegisterVersion, TagVersion
from leeboard.planning.facts import RegisteredVersion, Run, RunStatus, Unknown
from leeboard.planning.moments import TRACKING_RETRY
from leeboard.planning.plan import Create
from leeboard.planning.training_job.ending import REGISTERING, ended, failure_report
from leeboard.planning.training_job.facts import Situation, attempt_of, intent_of, winner
from leeboard.planning.training_job.lineage import is_same_version, model_version
from leeboard.planning.training_job.report import Mood, Report, Step, under_way
from leeboard.planning.training_job.run import close_run
from leeboard.planning.training_job.selection import select


def registering(situation: Situation) -> Step:
    """One step towards the registered version."""
    run = situation.facts.run
    if isinstance(run, Unknown):
        return _waiting_for_tracking()
    if situation.status.logged_model is not None:
        return _register(situation, situation.status, run)
    models = situation.facts.models
    if isinstance(models, Unknown):
        return _waiting_for_tracking()
    chosen = select(models, situation.resource.spec.result)
    if isinstance(chosen, str):
        failure = Failure(class_=FailureClass.RESULT_INVALID, reason=TrainingReason.RESULT_INVALID, message=chosen)
        return Step(failure_report(failure), situation.status.model_copy(update={"failure": failure}))
    reference = LoggedModelReference(id=chosen.id, name=chosen.name)
    latched = {"logged_model": reference, "metrics": latest_metrics(run)}
    return _register(situation, situation.status.model_copy(update=latched), run)


def latest_metrics(run: Run | None) -> tuple[Metric, ...]:
    """At most MAX_METRICS of the run's latest metrics, as strings."""
    found = run.metrics if run is not None else ()
    return tuple(Metric(name=name, value=value) for name, value in found[:MAX_METRICS])


def _register(situation: Situation, status: TrainingJobStatus, run: Run | None) -> Step:
    """The model is known: make sure that it is a version, once."""
    versions = situation.facts.versions
    if isinstance(versions, Unknown):
        return _waiting_for_tracking(status)
    closing: tuple[Action, ...] = close_run(situation.resource, run, RunStatus.FINISHED) if run is not None else ()
    version = winner(versions)
    if version is None:
        return _new_version(situation, status, closing)
    tagging = tuple(
        TagVersion(other.model, other.version, {Tag.DUPLICATE_OF: version.version})
        for other in versions
        if other is not version and Tag.DUPLICATE_OF not in other.tags
    )
    return resource_of(situation, status, version, actions=(*tagging, *closing), reason=TrainingReason.REGISTERED)


def resource_of(
    situation: Situation,
    status: TrainingJobStatus,
    version: RegisteredVersion,
    *,
    actions: Sequence[Action],
    reason: TrainingReason,
) -> Step:
    """The version is there: make sure of its ModelVersion, and end when nothing is left to do."""
    existing = situation.facts.model_version
    name = model_version_name(version.model, version.version)
    if isinstance(existing, Unknown):
        return Step(REGISTERING, status, actions=tuple(actions), requeue_after=TRACKING_RETRY)
    if existing is None:
        if (rejection := situation.rejection("ModelVersion")) and rejection.code != HTTPStatus.CONFLICT:
            return _stopped(
                status, TrainingReason.REJECTED, f"ModelVersion {name} is refused: {rejection.message}", actions=actions
            )
        wanted = model_version(situation.resource, version, situation.facts.pods)
        return Step(REGISTERING, status, writes=(Create(wanted),), actions=tuple(actions))
    if not is_same_version(existing, version):
        message = f"a ModelVersion {name} of another source exists. Next: delete it, then this goes on."
        return _stopped(status, TrainingReason.NAME_CONFLICT, message, actions=actions)
    status = status.model_copy(update={"model_version": ModelVersionReference(name=name, version=version.version)})
    if actions:
        return Step(REGISTERING, status, actions=tuple(actions))
    known = " by an earlier TrainingJob of the same intent" if reason is TrainingReason.ALREADY_TRAINED else ""
    done = f"version {version.version} of {version.model} is registered{known} as ModelVersion {name}"
    return ended(situation, Report(TrainingPhase.SUCCEEDED, Mood.DONE, reason, done), status)


def _new_version(situation: Situation, status: TrainingJobStatus, closing: tuple[Action, ...]) -> Step:
    """No version yet: claim the registered model, then register, in two passes."""
    registered, spec = situation.facts.registered, situation.resource.spec
    if isinstance(registered, Unknown):
        return _waiting_for_tracking(status)
    owner = f"{situation.defaults.cluster}/{situation.resource.metadata.namespace}"
    if registered is None:
        claim = ClaimModel(spec.model, {Tag.OWNER: owner})
        return Step(REGISTERING, status, actions=(claim, *closing))
    holder = registered.tags.get(Tag.OWNER, owner)
    if holder != owner:
        message = f"registered model {spec.model} belongs to {holder}. Next: train under another model name."
        return _stopped(status, TrainingReason.MODEL_NAME_TAKEN, message, actions=closing)
    register = _registration(situation, status)
    return Step(REGISTERING, status, actions=(*register, *closing))


def _registration(situation: Situation, status: TrainingJobStatus) -> tuple[Action, ...]:
    """The version to create, identified by its tags in the same transaction."""
    model, run, metadata = status.logged_model, status.run, situation.resource.metadata
    if model is None or run is None:
        return ()
    tags: dict[str, str] = {
        Tag.UID: metadata.uid,
        Tag.ATTEMPT: str(attempt_of(situation.resource)),
        Tag.INTENT: intent_of(situation.resource),
        Tag.RESOURCE: f"{metadata.namespace}/{metadata.name}",
        Tag.LOGGED_MODEL: model.id,
    }
    return (RegisterVersion(situation.resource.spec.model, f"models:/{model.id}", run.id, tags),)


def _waiting_for_tracking(status: TrainingJobStatus | None = None) -> Step:
    """MLflow does not answer: what was trained is not lost."""
    message = "the Job completed; waits for MLflow to answer before its model is registered"
    report = under_way(TrainingPhase.REGISTERING, TrainingReason.REGISTERING, message)
    return Step(report, status, requeue_after=TRACKING_RETRY)


def _stopped(status: TrainingJobStatus, reason: TrainingReason, message: str, *, actions: Sequence[Action]) -> Step:
    """Somebody has to change something; the trained model waits in MLflow."""
    report = Report(TrainingPhase.REGISTERING, Mood.WAITING, reason, message)
    return Step(report, status, actions=tuple(actions), requeue_after=4 * TRACKING_RETRY)
