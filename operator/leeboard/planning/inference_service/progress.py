"""How a rollout goes on, step by step.

    start -> Scaling --pods available, prepared--> Routing --confirmed, settled--> Observing --time over--> verdict
                ^                                                                       |                    |
                |<------------------------ the canary lost pods, the step was edited ---+                    |
                |<------------------------ next step: Pass, or no analysis ----------------------------------+
                                            too little evidence: Holding --maxHold--> WaitingForPerson <-----+

    approval               confirmed -> WaitingForPerson -> verb promote -> next step
    promotion, the last    confirmed -> the canary is stable
    a check fails, or all pods are lost for good -> aborted, or WaitingForPerson, as the spec says

Paused stays where it is, but it loses the weight that its pods cannot carry, and is aborted like any other.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.inference_service import Revision
from leeboard.api.reasons_inference_service import ServiceEvent, ServiceReason
from leeboard.api.rollout_status import ShadowFirst, StepKind, StepPhase, StepStatus, Verdict
from leeboard.api.traffic import Provider
from leeboard.planning.duration import seconds_of
from leeboard.planning.inference_service.endings import aborted, promoted
from leeboard.planning.inference_service.foreseeing import COUNTING, copying, decided
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.stand import Now, Signs, first_step, next_step
from leeboard.planning.inference_service.state import Decision, State
from leeboard.planning.inference_service.steps import is_undecided, leg_at, leg_of
from leeboard.planning.moments import exact, since
from leeboard.planning.plan import NoticeType
from leeboard.planning.traffic import Confirmed, Split


def progress(state: State, scene: Scene, signs: Signs) -> State:
    """The rollout after this observation; the same one, without events, when nothing happened."""
    canary, stable = state.canary, state.stable
    if canary is None:
        return replace(state, step=None, paused=None)
    if stable is None:
        return _first(state, scene, canary)
    step = _fitting(state.step, scene)
    now = Now(replace(state, step=step), scene, signs, canary, stable, step, leg_of(scene.course, step))
    if scene.is_stable_lost(state):
        return _alone(now)
    now = decided(now)
    failure = _failure(now)
    if failure is not None and scene.resource.spec.rollout.on_failure == "Rollback":
        return aborted(now.state, scene, failure)
    lacking = _lacking(now)
    if lacking is not None:
        return _scaling(now, lacking, failure)
    unsettled = _unsettled(now)
    if unsettled is not None:
        again = {} if now.is_routed else {"confirmed_at": None, "ends_at": None, "held_since": None}
        return now.at(StepPhase.ROUTING, unsettled, **again)
    return _confirmed(now, failure)


def _fitting(step: StepStatus | None, scene: Scene) -> StepStatus:
    """The step by the present spec: editing the steps does not start anew. A promotion stays one."""
    course = scene.course
    if step is None:
        return first_step(course, now=scene.now)
    if step.kind is StepKind.PROMOTION:
        return step
    index = min(step.index, max(len(course) - 1, 0))
    kind, first = leg_at(course, index).kind, step.shadow_first
    analysis = scene.resource.spec.rollout.analysis
    if analysis is None or analysis.when_underpowered != "ShadowFirst" or kind is not StepKind.WEIGHT:
        first = None
    fitted = {"index": index, "total": len(course), "kind": kind, "shadow_first": first}
    return step.model_copy(update=fitted)


def _first(state: State, scene: Scene, canary: Revision) -> State:
    """Nothing served before: all pods, then it serves. It takes over with fewer when another version is wanted."""
    step = first_step((), now=scene.now) if state.step is None else state.step
    state = replace(state, step=step)
    is_heard = scene.world.answers_alone(canary.name) and scene.is_in_force(state, Split(canary.name))
    if is_heard and (scene.carries(canary) or scene.is_unwanted(canary, state)):
        return promoted(state, scene)
    message = f"version {canary.version}: {scene.ready(canary)} of {scene.full} pods ready"
    return replace(state, step=step.model_copy(update={"message": message}))


def _alone(now: Now) -> State:
    """No pod of stable answers: the canary gets everything. That is no promotion, unless it was due anyway."""
    split = Split(now.canary.name)
    in_force = now.scene.is_in_force(now.state, split)
    if in_force and now.step.kind is StepKind.PROMOTION and not now.state.paused:
        return promoted(now.state, now.scene)
    message = f"no pod of version {now.stable.version} answers: all requests go to version {now.canary.version}"
    return now.at(StepPhase.ROUTING, message, confirmed_at=None, ends_at=None, held_since=None)


def _failure(now: Now) -> Decision | None:
    """Why the canary should not go on: a check that failed, or all pods lost to a lasting trouble."""
    ruling, trouble = now.signs.ruling, now.signs.trouble
    if ruling is not None and ruling.verdict is Verdict.FAIL:
        return Decision(str(ServiceReason.CHECK_FAILED), ruling.message)
    if trouble is None or not trouble.lasting or not now.signs.had_requests:
        return None
    ready = now.scene.ready(now.canary)
    if ready == 0:
        return Decision(trouble.reason, f"all its pods are lost: {trouble.message}")
    late = since(now.step.phase_since, now.scene.now)
    if now.step.phase is StepPhase.SCALING and late > now.scene.world.start_deadline(now.canary.deployment):
        return Decision(trouble.reason, f"{ready} of {now.scene.needed(now.leg)} pods ready: {trouble.message}")
    return None


def _lacking(now: Now) -> str | None:
    """What the step's share still needs; None when it may be given or kept."""
    scene, share, ready = now.scene, now.leg.share, now.scene.ready(now.canary)
    needed = scene.needed(now.leg)
    count = f"version {now.canary.version}: {ready} of {needed} pods ready"
    if share.is_some and (ready == 0 or scene.carried(now.split, now.state) < share.weight):
        return count
    if now.is_routed:
        return None
    if now.signs.is_new:
        return count  # whatever is live for it is none of this rollout's
    if now.state.paused:
        return "paused before the pods had their share"
    if is_undecided(scene.resource.spec.rollout.analysis, now.step):
        return COUNTING
    if scene.available(now.canary) < needed:
        return count
    prepared = scene.prepared(now.state, now.split)
    if not isinstance(prepared, Confirmed):
        return prepared.message
    return None if _is_known(now) else "the gateway's proxies get to know its pods before it gets requests"


def _is_known(now: Now) -> bool:
    """Whether a gateway has named the canary to its proxies: before it gets its first request."""
    if now.scene.splitter.name is not Provider.GATEWAY_API:
        return True
    applied = now.scene.applied(now.state)
    if applied is not None and applied.reaches(now.canary.name):
        return True
    return now.scene.is_in_force(now.state, Split(now.stable.name, now.canary.name))


def _scaling(now: Now, lacking: str, failure: Decision | None) -> State:
    """Pods are missing: the canary keeps what they carry, and the step's time begins anew."""
    lost = now.is_routed and now.leg.share.is_some
    phase = StepPhase.SCALING if failure is None else StepPhase.WAITING_FOR_PERSON
    message = lacking if failure is None else f"{failure.reason}: {failure.message}"
    state = now.at(phase, message, confirmed_at=None, ends_at=None, held_since=None)
    if not lost:
        return state
    what = f"{lacking}: its weight is lowered to what they carry"
    return state.telling(ServiceEvent.WEIGHT_LOWERED, what, kind=NoticeType.WARNING)


def _unsettled(now: Now) -> str | None:
    """What the split still waits for."""
    answer = now.scene.confirmation(now.state, now.split)
    if not isinstance(answer, Confirmed):
        return answer.message
    return None if now.scene.has_settled(now.state) else "accepted by the gateway; its proxies follow"


def _confirmed(now: Now, failure: Decision | None) -> State:
    """Requests are split as the step says."""
    began = now.step.confirmed_at or exact(now.scene.now)
    ends = datetime.fromisoformat(began) + timedelta(seconds=now.leg.seconds)
    times = {"confirmed_at": began, "ends_at": exact(ends) if now.leg.seconds else None}
    now = replace(now, step=now.step.model_copy(update=times))
    if failure is not None:
        return _asking(now, f"{failure.reason}: {failure.message}. Promote to go on, abort to go back")
    match now.leg.kind:
        case StepKind.PROMOTION:
            if now.state.paused:
                return now.at(StepPhase.OBSERVING, "all requests go to the canary")
            return promoted(now.state, now.scene)
        case StepKind.APPROVAL:
            return _asking(now, now.leg.message or "a person decides: promote goes on, abort goes back")
        case _:
            return _observed(now)


def _asking(now: Now, message: str) -> State:
    """A person decides."""
    state = now.at(StepPhase.WAITING_FOR_PERSON, message, held_since=now.step.held_since)
    if now.step.phase is StepPhase.WAITING_FOR_PERSON or now.state.paused:
        return state
    return state.telling(ServiceEvent.WAITING_FOR_PERSON, message)


def _observed(now: Now) -> State:
    """Time and evidence."""
    ends = now.step.ends_at
    if ends is not None and now.scene.now < datetime.fromisoformat(ends):
        ruling = "" if now.signs.ruling is None else f"; {now.signs.ruling.message}"
        return now.at(StepPhase.OBSERVING, f"until {ends}{ruling}", held_since=None)
    if now.state.paused:
        return now.at(StepPhase.OBSERVING, "")
    missing = _missing(now)
    if now.step.shadow_first is ShadowFirst.RUNNING:
        found = copying(now, missing)
        return _asking(now, found) if isinstance(found, str) else found
    return next_step(now.state, now.scene) if missing is None else _holding(now, missing)


def _missing(now: Now) -> str | None:
    """The evidence that the step still needs; None when it may end."""
    analysis, ruling = now.scene.resource.spec.rollout.analysis, now.signs.ruling
    if analysis is None:
        return None
    began, confirmed = now.signs.judged_since, now.step.confirmed_at
    if ruling is None or began is None or confirmed is None or began < datetime.fromisoformat(confirmed):
        return "no number was read yet"  # a Pass of the step before is none of this one
    match ruling.verdict:
        case Verdict.PASS:
            return None
        case _ if now.step.shadow_first is ShadowFirst.RUNNING:
            return ruling.message  # the copies are there to be looked at
        case Verdict.NO_DATA:
            return None if analysis.on_no_data == "Proceed" else ruling.message
        case _:
            return None if analysis.when_underpowered == "Proceed" else ruling.message


def _holding(now: Now, missing: str) -> State:
    """The weight stays; after so long a person is asked, and it goes on by itself as soon as the evidence is there."""
    held = now.step.held_since or timestamp(now.scene.now)
    now = replace(now, step=now.step.model_copy(update={"held_since": held}))
    analysis = now.scene.resource.spec.rollout.analysis
    patience = timedelta(seconds=seconds_of(analysis.max_hold if analysis else "0s"))
    if since(held, now.scene.now) >= patience:
        return _asking(now, f"held since {held}: {missing}. Promote to go on, abort to go back")
    state = now.at(StepPhase.HOLDING, f"since {held}: {missing}", held_since=held)
    is_new = now.step.phase is not StepPhase.HOLDING
    return state.telling(ServiceEvent.HOLDING, missing, kind=NoticeType.WARNING) if is_new else state
