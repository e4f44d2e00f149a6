"""The status of an InferenceService, made anew from each pass; equal facts give an equal one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from leeboard.api.conditions import Judgement, merge_conditions
from leeboard.api.inference_service import InferenceService, InferenceServiceStatus, Revision
from leeboard.api.rollout_status import CheckStatus, TrafficStatus
from leeboard.monitoring.analysis import Evidence, measured
from leeboard.planning.inference_service.capacity import replicas_of
from leeboard.planning.inference_service.children import address
from leeboard.planning.inference_service.judgements import phase_of
from leeboard.planning.inference_service.picture import Picture
from leeboard.planning.inference_service.world import ready_replicas, wanted_replicas
from leeboard.planning.moments import exact, since

MEASURE_INTERVAL = timedelta(seconds=10)


def status_of(
    picture: Picture,
    said: Sequence[Judgement],
    *,
    checks: tuple[CheckStatus, ...],
    evidence: Evidence | None,
    now: datetime,
) -> InferenceServiceStatus:
    """The whole status."""
    state, resource = picture.state, picture.resource
    generation = resource.metadata.generation
    return InferenceServiceStatus(
        phase=phase_of(picture),
        observed_generation=generation,
        conditions=merge_conditions(resource.status.conditions, said, generation=generation, now=now),
        url=address(resource) if picture.world.service is not None else resource.status.url,
        stable=_counted(picture, state.stable),
        canary=_counted(picture, state.canary),
        draining=_all_counted(picture, state.draining),
        previous=_all_counted(picture, state.previous),
        step=state.step,
        traffic=_traffic(picture, evidence, now=now),
        checks=checks,
        paused=state.paused,
        request=state.request,
        failed=state.failed,
        history=state.history,
        drift=picture.sight.drift,
        canary_drift=picture.sight.canary_drift,
        quality=picture.sight.quality,
        performance=picture.sight.performance,
        retraining=resource.status.retraining if state.retrained is None else state.retrained.memory,
    )


def unserved(
    resource: InferenceService, said: Sequence[Judgement], *, now: datetime, phase: str | None
) -> InferenceServiceStatus:
    """The status as it was, with other conditions."""
    generation = resource.metadata.generation
    conditions = merge_conditions(resource.status.conditions, said, generation=generation, now=now)
    return resource.status.model_copy(
        update={"phase": phase, "observed_generation": generation, "conditions": conditions}
    )


def _all_counted(picture: Picture, revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    """Revisions with their pods."""
    return tuple(item for item in (_counted(picture, revision) for revision in revisions) if item is not None)


def _counted(picture: Picture, revision: Revision | None) -> Revision | None:
    """A revision with the pods that its Deployment asks for and has."""
    if revision is None:
        return None
    live = picture.world.deployment(revision.deployment)
    asked = wanted_replicas(live)
    if asked is None and revision in (picture.state.stable, picture.state.canary):
        asked = picture.full if picture.scene is None else replicas_of(revision, picture.state, picture.scene)
    replicas = asked or 0
    return revision.model_copy(update={"replicas": replicas, "ready_replicas": ready_replicas(live)})


def _traffic(picture: Picture, evidence: Evidence | None, *, now: datetime) -> TrafficStatus | None:
    """The split: asked for, live, confirmed, measured."""
    scene, routing = picture.scene, picture.routing
    if scene is None or routing is None or routing.split is None:
        return picture.resource.status.traffic
    share, requests, at = _measured(picture, evidence, now=now)
    return TrafficStatus(
        provider=scene.splitter.name,
        address=scene.splitter.provider.address(scene.road(picture.state)),
        asked=routing.asked.weight,
        applied=None if routing.applied is None else routing.applied.weight,
        confirmed=routing.is_in_force,
        accepted_at=picture.state.accepted_at,
        measured=share,
        measured_requests=requests,
        measured_at=at,
        mirrored=routing.asked.mirror or None,
        message=getattr(routing.answer, "message", ""),
    )


def _measured(
    picture: Picture, evidence: Evidence | None, *, now: datetime
) -> tuple[str | None, int | None, str | None]:
    """The share that was counted, at most every ten seconds so that the status does not follow every request."""
    if evidence is None or picture.state.step is None:
        return None, None, None
    before = picture.resource.status.traffic
    confirmed = picture.state.step.confirmed_at
    if before is not None and before.measured_at is not None and confirmed is not None:
        is_of_this_step = before.measured_at >= confirmed
        if is_of_this_step and since(before.measured_at, now) < MEASURE_INTERVAL:
            return before.measured, before.measured_requests, before.measured_at
    found = measured(evidence)
    if found is None:
        return None, None, None
    share, requests = found
    return None if share is None else f"{share:.1f}", requests, exact(now)
