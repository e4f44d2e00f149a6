"""What an InferenceService says of itself: eight facts, each three-valued, from one picture of the pass."""

from __future__ import annotations

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement
from leeboard.api.inference_service import Revision
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.api.rollout_status import StepKind, StepPhase
from leeboard.planning.inference_service.children import address
from leeboard.planning.inference_service.monitored import monitored
from leeboard.planning.inference_service.picture import Picture
from leeboard.planning.inference_service.progressing import progressing
from leeboard.planning.inference_service.state import MAX_DRAINING
from leeboard.planning.inference_service.target import Refused, Waiting
from leeboard.planning.serving import RUNTIMES

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def judgements(picture: Picture) -> tuple[Judgement, ...]:
    """The eight conditions in the order in which they are shown."""
    serving = _serving(picture)
    return (
        _ready(picture, serving),
        _reconciling(picture),
        _stalled(picture),
        serving,
        _up_to_date(picture),
        _batching(picture),
        monitored(picture),
        progressing(picture),
    )


def unknown_judgements(why: str) -> tuple[Judgement, ...]:
    """All eight as Unknown: nothing was ever observed."""
    return tuple(Judgement(type=kind, status=UNKNOWN, reason=ServiceReason.NOT_OBSERVED, message=why) for kind in TYPES)


def refused_judgements(reason: str, message: str) -> tuple[Judgement, ...]:
    """A service that gets no children at all."""
    said = {ConditionType.STALLED: TRUE, ConditionType.BATCHING: UNKNOWN, ConditionType.MONITORED: UNKNOWN}
    return tuple(Judgement(type=kind, status=said.get(kind, FALSE), reason=reason, message=message) for kind in TYPES)


def phase_of(picture: Picture) -> str:
    """One printed word."""
    state, step = picture.state, picture.state.step
    if picture.is_stalled or (state.stable is not None and not picture.world.is_serving):
        return "Degraded"
    if state.stable is None:
        return "Pending" if state.canary is None else "Deploying"
    if state.canary is not None:
        waits = {StepPhase.WAITING_FOR_PERSON: "Waiting", StepPhase.PAUSED: "Paused"}
        return "Updating" if step is None else waits.get(step.phase, "Updating")
    if state.draining:
        return "Updating"
    failure = picture.failure
    return "Serving" if failure is None else "RolledBack" if failure.reason == ServiceReason.ROLLED_BACK else "Aborted"


def _serving(picture: Picture) -> Judgement:
    """Whether a request would be answered now, by the Service's own endpoints."""
    world, state = picture.world, picture.state
    served = state.stable or state.canary
    if served is not None and world.is_serving:
        names = {item.name: item.version for item in state.known}
        versions = sorted({names.get(name, "?") for name in world.ready_endpoints})
        what = f"version {' and '.join(versions)} answers at {address(picture.resource)}"
        return _said(ConditionType.SERVING, TRUE, ServiceReason.SERVING, message=what)
    if state.stable is None:
        reason, message = _not_yet(picture)
        return _said(ConditionType.SERVING, FALSE, reason, message=message)
    if picture.is_replacing:
        message = f"version {state.stable.version} gave way, there is no room for both: {_not_yet(picture)[1]}"
        return _said(ConditionType.SERVING, FALSE, ServiceReason.REPLACING, message=message)
    why = "" if picture.trouble is None else f": {picture.trouble.reason}: {picture.trouble.message}"
    message = f"no pod of version {state.stable.version} is ready{why}"
    return _said(ConditionType.SERVING, FALSE, ServiceReason.NO_READY_ENDPOINTS, message=message)


def _ready(picture: Picture, serving: Judgement) -> Judgement:
    """True while stable serves, also while another version is on its way: Reconciling and UpToDate tell that."""
    if picture.state.stable is None and serving.status is TRUE:
        reason, message = _not_yet(picture)
        return _said(ConditionType.READY, FALSE, reason, message=message)
    return serving.model_copy(update={"type": ConditionType.READY})


def _not_yet(picture: Picture) -> tuple[str, str]:
    """Why there is no stable version yet."""
    if picture.cause is not None:
        return picture.cause.reason, picture.cause.message
    if isinstance(picture.choice, Waiting) and picture.state.canary is None:
        return picture.choice.reason, picture.choice.message
    canary = picture.state.canary
    progress = "" if canary is None else f"version {canary.version}: {picture.count(canary)}"
    return ServiceReason.DEPLOYING, progress


def _reconciling(picture: Picture) -> Judgement:
    """Whether something is on its way that may arrive by itself."""
    kind = ConditionType.RECONCILING
    if picture.is_stalled:
        return _said(kind, FALSE, ServiceReason.STALLED, message="see the condition Stalled")
    if picture.cause is not None:
        return _said(kind, TRUE, picture.cause.reason, message=picture.cause.message)
    if isinstance(picture.choice, Waiting) and picture.choice.up_to_date is FALSE:
        return _said(kind, TRUE, ServiceReason.WAITING_FOR_MODEL_VERSION, message=picture.choice.message)
    canary, stable = picture.state.canary, picture.state.stable
    if canary is not None:
        return _coming(picture, canary)
    if picture.state.draining:
        leaving = ", ".join(sorted({item.version for item in picture.state.draining}))
        return _said(kind, TRUE, ServiceReason.DRAINING, message=f"pods of version {leaving} finish what they have")
    if stable is not None and not picture.is_settled:
        message = f"version {stable.version}: {picture.count(stable)}"
        return _said(kind, TRUE, ServiceReason.WAITING_FOR_PODS, message=message)
    return _said(kind, FALSE, ServiceReason.SETTLED, message="")


def _coming(picture: Picture, canary: Revision) -> Judgement:
    """How far the canary is."""
    kind, step = ConditionType.RECONCILING, picture.state.step
    if step is None or picture.state.stable is None:
        return _said(kind, TRUE, ServiceReason.DEPLOYING, message=f"version {canary.version}: {picture.count(canary)}")
    if step.kind is not StepKind.PROMOTION or step.phase is StepPhase.PAUSED:
        return _said(kind, TRUE, step.phase, message=step.message)
    reason = ServiceReason.SWITCHING if step.phase is StepPhase.ROUTING else ServiceReason.DEPLOYING
    return _said(kind, TRUE, reason, message=step.message)


def _stalled(picture: Picture) -> Judgement:
    """Whether somebody has to change something."""
    if picture.cause is None or not picture.is_stalled:
        return _said(ConditionType.STALLED, FALSE, ServiceReason.NOT_STALLED, message="")
    message = picture.cause.message
    if picture.state.canary is not None and picture.blocked is None and not isinstance(picture.choice, Refused):
        message = f"version {picture.state.canary.version}: {message}"
    return _said(ConditionType.STALLED, TRUE, picture.cause.reason, message=message)


def _up_to_date(picture: Picture) -> Judgement:
    """Whether the version and template that the spec asks for is the one that serves."""
    kind, choice, stable = ConditionType.UP_TO_DATE, picture.choice, picture.state.stable
    if isinstance(choice, Waiting):
        return _said(kind, choice.up_to_date, choice.reason, message=choice.message)
    if picture.blocked is not None or isinstance(choice, Refused):
        cause = picture.cause
        return _said(
            kind, FALSE, cause.reason if cause else ServiceReason.STALLED, message=cause.message if cause else ""
        )
    if stable is None or picture.desired is None or stable.name != picture.desired.name:
        return _behind(picture)
    if choice.newer is not None:
        patch = f'spec: {{model: {{version: "{choice.newer}"}}}}'
        message = f"version {choice.newer} is approved; version {stable.version} is pinned. To move: {patch}"
        return _said(kind, TRUE, ServiceReason.NEWER_VERSION_AVAILABLE, message=message)
    return _said(kind, TRUE, ServiceReason.UP_TO_DATE, message=f"version {stable.version} serves as the spec asks")


def _behind(picture: Picture) -> Judgement:
    """Another revision is asked for than the one that serves."""
    kind, canary, failure = ConditionType.UP_TO_DATE, picture.state.canary, picture.failure
    if picture.trouble is not None and canary is not None:
        return _said(
            kind, FALSE, picture.trouble.reason, message=f"version {canary.version}: {picture.trouble.message}"
        )
    if failure is not None:
        reason = ServiceReason.ROLLED_BACK if failure.reason == ServiceReason.ROLLED_BACK else ServiceReason.ABORTED
        message = f"version {failure.version} is not started again by itself: {failure.reason}: {failure.message}"
        return _said(kind, FALSE, reason, message=f"{message}. The verb retry does")
    if canary is None:
        crowd, message = len(picture.state.draining), "the version asked for is not there yet"
        if crowd >= MAX_DRAINING:
            message += f": {crowd} revisions drain, and one of them has to be gone first"
        return _said(kind, FALSE, ServiceReason.STARTING, message=message)
    serves = "" if picture.state.stable is None else f"; version {picture.state.stable.version} serves"
    message = f"version {canary.version} comes up, {picture.count(canary)}{serves}"
    return _said(kind, FALSE, ServiceReason.DEPLOYING, message=message)


def _batching(picture: Picture) -> Judgement:
    """Whether requests that wait share one call of the model."""
    kind, fingerprint = ConditionType.BATCHING, picture.fingerprint
    server = picture.resource.spec.server
    if not RUNTIMES[server.runtime].counts:
        message = f"a server of runtime {server.runtime} batches as it likes, and does not tell"
        return _said(kind, UNKNOWN, ServiceReason.SERVER_DECIDES, message=message)
    if fingerprint is None:
        return _said(kind, UNKNOWN, ServiceReason.NOT_OBSERVED, message="the fingerprint of what serves is not known")
    if fingerprint.row_wise:
        return _said(kind, TRUE, ServiceReason.PROVEN_ROW_WISE, message=fingerprint.row_wise_reason)
    return _said(kind, FALSE, ServiceReason.NOT_ROW_WISE, message=fingerprint.row_wise_reason)


def _said(kind: ConditionType, status: ConditionStatus, reason: str, *, message: str) -> Judgement:
    """One judgement."""
    return Judgement(type=kind, status=status, reason=str(reason), message=message)


TYPES = (
    ConditionType.READY,
    ConditionType.RECONCILING,
    ConditionType.STALLED,
    ConditionType.SERVING,
    ConditionType.UP_TO_DATE,
    ConditionType.BATCHING,
    ConditionType.MONITORED,
    ConditionType.PROGRESSING,
)
