"""A TrainingJob whose status is empty may be a restored one: the same intent may have been trained in another life."""

from __future__ import annotations

from leeboard.api.names import Tag
from leeboard.api.reasons_training_job import TrainingPhase, TrainingReason
from leeboard.api.training_job import LoggedModelReference
from leeboard.planning.facts import Run, Unknown
from leeboard.planning.moments import TRACKING_RETRY
from leeboard.planning.training_job.facts import Situation, winner
from leeboard.planning.training_job.registering import latest_metrics, resource_of
from leeboard.planning.training_job.report import Step, under_way
from leeboard.planning.training_job.run import run_reference


def already_trained(situation: Situation, runs: tuple[Run, ...]) -> Step | None:
    """What to do when a run of the same intent, of another uid, became a version; None when none did."""
    versions = situation.facts.versions
    if isinstance(versions, Unknown):
        report = under_way(
            TrainingPhase.PENDING,
            TrainingReason.OPENING_RUN,
            "looks whether this was trained before; MLflow must answer",
        )
        return Step(report, requeue_after=TRACKING_RETRY)
    by_id = {run.id: run for run in runs}
    version = winner(versions)
    if version is None:
        return None
    run = by_id.get(version.run_id)
    status = situation.status.model_copy(
        update={
            "run": run_reference(run, situation.defaults) if run else None,
            "logged_model": LoggedModelReference(id=version.tags.get(Tag.LOGGED_MODEL, ""), name=""),
            "metrics": latest_metrics(run),
        }
    )
    return resource_of(situation, status, version, actions=(), reason=TrainingReason.ALREADY_TRAINED)
