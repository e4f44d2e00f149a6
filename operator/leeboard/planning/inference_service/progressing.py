"""The condition Progressing: what the rollout waits for, since when, until when, with numbers."""

from __future__ import annotations

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.api.rollout_status import ShadowFirst, StepKind, StepPhase, StepStatus
from leeboard.planning.inference_service.picture import Picture


def progressing(picture: Picture) -> Judgement:
    """True while a rollout moves, or waits for time, evidence or a person; False when there is none."""
    state = picture.state
    canary, step = state.canary, state.step
    if canary is None or step is None:
        return _ended(picture)
    reason = ServiceReason.REPLACING if picture.is_replacing and step.phase is StepPhase.SCALING else step.phase
    shares = _shares(picture) if state.stable is not None else ""
    message = f"version {canary.version}, {_where(step)}, since {step.phase_since}: {step.message}{shares}"
    return _said(ConditionStatus.TRUE, str(reason), message)


def _ended(picture: Picture) -> Judgement:
    """No rollout is under way."""
    failure, stable = picture.failure, picture.state.stable
    if failure is not None and stable is not None:
        message = f"version {failure.version}: {failure.reason}: {failure.message}; version {stable.version} serves"
        return _said(ConditionStatus.FALSE, ServiceReason.ABORTED, message)
    message = "" if stable is None else f"version {stable.version} gets all requests"
    return _said(ConditionStatus.FALSE, ServiceReason.SETTLED, message)


def _where(step: StepStatus) -> str:
    """``step 2 of 4 (Weight)``."""
    if step.kind is StepKind.PROMOTION:
        return "promotion"
    kind = f"{step.kind}, copies first" if step.shadow_first is ShadowFirst.RUNNING else step.kind
    return f"step {step.index + 1} of {step.total} ({kind})"


def _shares(picture: Picture) -> str:
    """What the canary is asked to get and gets."""
    routing = picture.routing
    if routing is None or routing.split is None:
        return ""
    applied = "unknown" if routing.applied is None else f"{routing.applied.weight} %"
    return f"; asked {routing.asked.weight} %, written {routing.split.weight} %, live {applied}"


def _said(status: ConditionStatus, reason: str, message: str) -> Judgement:
    """The judgement."""
    return Judgement(type=ConditionType.PROGRESSING, status=status, reason=str(reason), message=message)
