"""What an InferenceService says of itself: six facts, each three-valued, from one picture of the pass."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement
from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.model_version import Fingerprint
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.planning.inference_service.children import address
from leeboard.planning.inference_service.roles import Roles
from leeboard.planning.inference_service.target import Choice, Refused, Waiting
from leeboard.planning.inference_service.troubles import Trouble
from leeboard.planning.inference_service.world import World, ready_replicas

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that conditions are judged by. ``desired`` is None while no version can be named; ``blocked`` is what
    the API server refused; ``trouble`` is what ails the pods that should become ready.
    """

    resource: InferenceService
    world: World
    roles: Roles
    choice: Choice
    desired: Revision | None
    fingerprint: Fingerprint | None
    blocked: Trouble | None
    trouble: Trouble | None

    @property
    def cause(self) -> Trouble | None:
        """Why it does not go on: what was refused comes before what ails the pods."""
        if self.blocked is not None:
            return self.blocked
        if isinstance(self.choice, Refused):
            return Trouble(self.choice.reason, self.choice.message)
        return self.trouble

    @property
    def is_stalled(self) -> bool:
        """Whether only a change from outside helps."""
        return self.cause is not None and self.cause.lasting

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way and every pod that was asked for is there."""
        stable = self.roles.stable
        return stable is not None and self.roles.canary is None and not self.roles.draining and self.is_complete(stable)

    def is_complete(self, revision: Revision) -> bool:
        """Whether a revision has all its pods. Not by the observed generation: any annotation of a Deployment raises
        it, and that its controller has not looked yet is no news for the user.
        """
        ready = ready_replicas(self.world.deployment(revision.deployment))
        return ready >= self.resource.spec.server.replicas

    def count(self, revision: Revision) -> str:
        """``1 of 2 pods ready``."""
        ready = ready_replicas(self.world.deployment(revision.deployment))
        return f"{ready} of {self.resource.spec.server.replicas} pods ready"


def judgements(picture: Picture) -> tuple[Judgement, ...]:
    """The six conditions in the order in which they are shown."""
    serving = _serving(picture)
    return (
        _ready(picture, serving),
        _reconciling(picture),
        _stalled(picture),
        serving,
        _up_to_date(picture),
        _batching(picture),
    )


def unknown_judgements(why: str) -> tuple[Judgement, ...]:
    """All six as Unknown: nothing was ever observed."""
    return tuple(Judgement(type=kind, status=UNKNOWN, reason=ServiceReason.NOT_OBSERVED, message=why) for kind in TYPES)


def refused_judgements(reason: str, message: str) -> tuple[Judgement, ...]:
    """A service that gets no children at all."""
    said = {ConditionType.STALLED: TRUE, ConditionType.BATCHING: UNKNOWN}
    return tuple(Judgement(type=kind, status=said.get(kind, FALSE), reason=reason, message=message) for kind in TYPES)


def phase_of(picture: Picture) -> str:
    """One printed word."""
    roles = picture.roles
    if picture.is_stalled or (roles.stable is not None and not picture.world.is_serving):
        return "Degraded"
    if roles.stable is None:
        return "Pending" if roles.canary is None else "Deploying"
    return "Serving" if roles.canary is None and not roles.draining else "Updating"


def _serving(picture: Picture) -> Judgement:
    """Whether a request would be answered now, by the Service's own endpoints."""
    world, roles = picture.world, picture.roles
    served = roles.stable or roles.canary
    if served is not None and world.is_serving:
        names = {item.name: item.version for item in (roles.stable, roles.canary, *roles.draining) if item}
        versions = sorted({names.get(name, "?") for name in world.ready_endpoints})
        what = f"version {' and '.join(versions)} answers at {address(picture.resource)}"
        return _said(ConditionType.SERVING, TRUE, ServiceReason.SERVING, message=what)
    if roles.stable is None:
        reason, message = _not_yet(picture)
        return _said(ConditionType.SERVING, FALSE, reason, message=message)
    why = "" if picture.trouble is None else f": {picture.trouble.reason}: {picture.trouble.message}"
    message = f"no pod of version {roles.stable.version} is ready{why}"
    return _said(ConditionType.SERVING, FALSE, ServiceReason.NO_READY_ENDPOINTS, message=message)


def _ready(picture: Picture, serving: Judgement) -> Judgement:
    """True while stable serves, also while another version is on its way: Reconciling and UpToDate tell that."""
    if picture.roles.stable is None and serving.status is TRUE:
        reason, message = _not_yet(picture)
        return _said(ConditionType.READY, FALSE, reason, message=message)
    return serving.model_copy(update={"type": ConditionType.READY})


def _not_yet(picture: Picture) -> tuple[str, str]:
    """Why there is no stable version yet."""
    if picture.cause is not None:
        return picture.cause.reason, picture.cause.message
    if isinstance(picture.choice, Waiting) and picture.roles.canary is None:
        return picture.choice.reason, picture.choice.message
    canary = picture.roles.canary
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
    canary, stable = picture.roles.canary, picture.roles.stable
    if canary is not None:
        return _coming(picture, canary)
    if picture.roles.draining:
        leaving = ", ".join(sorted({item.version for item in picture.roles.draining}))
        return _said(kind, TRUE, ServiceReason.DRAINING, message=f"pods of version {leaving} finish what they have")
    if stable is not None and not picture.is_settled:
        message = f"version {stable.version}: {picture.count(stable)}"
        return _said(kind, TRUE, ServiceReason.WAITING_FOR_PODS, message=message)
    return _said(kind, FALSE, ServiceReason.SETTLED, message="")


def _coming(picture: Picture, canary: Revision) -> Judgement:
    """How far the canary is."""
    if picture.world.selected == canary.name and picture.roles.stable is not None:
        message = f"requests move to version {canary.version}; waiting until only its endpoints are there"
        return _said(ConditionType.RECONCILING, TRUE, ServiceReason.SWITCHING, message=message)
    message = f"version {canary.version}: {picture.count(canary)}"
    return _said(ConditionType.RECONCILING, TRUE, ServiceReason.DEPLOYING, message=message)


def _stalled(picture: Picture) -> Judgement:
    """Whether somebody has to change something."""
    if picture.cause is None or not picture.is_stalled:
        return _said(ConditionType.STALLED, FALSE, ServiceReason.NOT_STALLED, message="")
    message = picture.cause.message
    if picture.roles.canary is not None and picture.blocked is None and not isinstance(picture.choice, Refused):
        message = f"version {picture.roles.canary.version}: {message}"
    return _said(ConditionType.STALLED, TRUE, picture.cause.reason, message=message)


def _up_to_date(picture: Picture) -> Judgement:
    """Whether the version and template that the spec asks for is the one that serves."""
    kind, choice, stable = ConditionType.UP_TO_DATE, picture.choice, picture.roles.stable
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
    kind, canary = ConditionType.UP_TO_DATE, picture.roles.canary
    if picture.trouble is not None and canary is not None:
        return _said(
            kind, FALSE, picture.trouble.reason, message=f"version {canary.version}: {picture.trouble.message}"
        )
    if canary is None:
        return _said(kind, FALSE, ServiceReason.STARTING, message="the version asked for is not there yet")
    serves = "" if picture.roles.stable is None else f"; version {picture.roles.stable.version} serves"
    message = f"version {canary.version} comes up, {picture.count(canary)}{serves}"
    return _said(kind, FALSE, ServiceReason.DEPLOYING, message=message)


def _batching(picture: Picture) -> Judgement:
    """Whether requests that wait share one call of the model."""
    kind, fingerprint = ConditionType.BATCHING, picture.fingerprint
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
)
