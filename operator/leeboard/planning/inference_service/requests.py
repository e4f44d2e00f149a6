"""What a person asks for by an annotation: done or refused once, with a sentence and the next step.

A request is known by its id. It is refused when it is aimed at another revision than the one it would concern, and it
expires ten minutes after it was set, so that one that nobody read does not strike a later rollout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.names import short_hash
from leeboard.api.reasons_inference_service import ServiceEvent, ServiceReason
from leeboard.api.resource import Metadata
from leeboard.api.rollout_status import Pause, RequestOutcome, RequestStatus, ShadowFirst, StepKind, StepPhase
from leeboard.api.verbs import REQUEST, REQUESTED_BY, Asked, RequestVerb
from leeboard.planning.inference_service.endings import aborted, may_end
from leeboard.planning.inference_service.foreseeing import weighted
from leeboard.planning.inference_service.offers import Offers
from leeboard.planning.inference_service.roles import starting
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.stand import next_step
from leeboard.planning.inference_service.state import Decision, State
from leeboard.planning.moments import since
from leeboard.planning.plan import NoticeType

LIFETIME = timedelta(minutes=10)
NO_ROLLOUT = "no rollout is under way: change spec.model or spec.server to begin one"


@dataclass(frozen=True, slots=True)
class Case:
    """One request before it is decided."""

    asked: Asked
    by: str
    state: State
    scene: Scene
    offers: Offers


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked for is so from now on."""

    state: State
    message: str


@dataclass(frozen=True, slots=True)
class No:
    """Nothing changes: why, and the next step."""

    message: str


Answer = Done | No


def consume(state: State, scene: Scene, offers: Offers) -> State:
    """The state after the request of a person, if there is one that was not answered yet."""
    metadata = scene.resource.metadata
    text = metadata.annotations.get(REQUEST)
    if text is None:
        return state
    asked, by = Asked.parse(text), metadata.annotations.get(REQUESTED_BY, "")
    identity = short_hash(text) if asked is None else asked.id
    if state.request is not None and state.request.id == identity:
        return state
    record = RequestStatus(
        id=identity,
        verb=text.partition("/")[0][:32] if asked is None else asked.verb,
        revision="" if asked is None else asked.revision,
        by=by,
        at=timestamp(scene.now),
        outcome=RequestOutcome.REFUSED,
    )
    if asked is None:
        verbs = ", ".join(RequestVerb)
        return _recorded(
            state, record, RequestOutcome.REFUSED, message=f"it must read VERB/ID/REVISION with one of {verbs}"
        )
    if _is_expired(metadata, scene):
        return _recorded(
            state, record, RequestOutcome.EXPIRED, message="it was set more than 10 minutes ago: ask again"
        )
    match _answer(Case(asked, by, state, scene, offers)):
        case Done(after, message):
            return _recorded(after, record, RequestOutcome.DONE, message=message)
        case No(message):
            return _recorded(state, record, RequestOutcome.REFUSED, message=message)


def _recorded(state: State, record: RequestStatus, outcome: RequestOutcome, *, message: str) -> State:
    """The answer in status, and an event."""
    answered = RequestStatus.model_validate({**record.model_dump(), "outcome": outcome, "message": message})
    who = f" by {record.by}" if record.by else ""
    is_done = outcome is RequestOutcome.DONE
    event = ServiceEvent.REQUEST_DONE if is_done else ServiceEvent.REQUEST_REFUSED
    kind = NoticeType.NORMAL if is_done else NoticeType.WARNING
    return replace(state, request=answered).telling(event, f"{record.verb}{who}: {outcome}: {message}", kind=kind)


def _is_expired(metadata: Metadata, scene: Scene) -> bool:
    """Whether the annotation is older than a request lives; a time that nobody knows counts as fresh."""
    for entry in metadata.managed_fields:
        annotations = (entry.fields_v1.get("f:metadata") or {}).get("f:annotations") or {}
        if entry.time is not None and f"f:{REQUEST}" in annotations:
            return since(entry.time, scene.now) > LIFETIME
    return False


def _answer(case: Case) -> Answer:
    """Aim first, then the verb itself."""
    state, asked = case.state, case.asked
    concerned = state.canary or state.stable
    aims = {concerned.name} if concerned is not None else set()
    if asked.verb is RequestVerb.RETRY and case.scene.desired is not None:
        aims.add(case.scene.desired.name)
    if asked.revision and asked.revision not in aims:
        what = f"it concerns revision {concerned.name} now" if concerned else "there is none now"
        return No(f"it was aimed at revision {asked.revision}; {what}. Look again, then ask again")
    return VERBS[asked.verb](case)


def _promote(case: Case) -> Answer:
    """A step that waits for a person is over; else all steps that are left are."""
    state, step, canary = case.state, case.state.step, case.state.canary
    if step is None or canary is None or state.stable is None:
        return No(NO_ROLLOUT)
    if step.kind is StepKind.PROMOTION:
        return No(f"version {canary.version} is being promoted already: {step.message}")
    free = replace(state, paused=None)
    if step.shadow_first is ShadowFirst.RUNNING and step.phase is StepPhase.WAITING_FOR_PERSON:
        return Done(weighted(free, case.scene), f"step {step.index + 1} of {step.total} gives its weight")
    if step.kind is StepKind.APPROVAL or step.phase is StepPhase.WAITING_FOR_PERSON:
        return Done(next_step(_cleared(free, case), case.scene), f"step {step.index + 1} of {step.total} is over")
    to = len(case.scene.course)
    return Done(next_step(free, case.scene, to=to), f"version {canary.version} is promoted without further steps")


def _cleared(state: State, case: Case) -> State:
    """What failed until now was seen by a person: the evidence from before counts no more."""
    canary = state.canary
    if canary is None:
        return state
    return replace(state, canary=canary.model_copy(update={"since": timestamp(case.scene.now)}))


def _abort(case: Case) -> Answer:
    """All requests go back to stable."""
    state, canary = case.state, case.state.canary
    if canary is None:
        return No(f"{NO_ROLLOUT}; to leave the version that serves: rollback")
    if state.stable is None:
        return No("nothing served before: there is nothing to go back to. Change spec.model instead")
    if not may_end(state, case.scene):
        return No(f"no pod of version {state.stable.version} answers now: that would stop all requests. Ask again")
    why = Decision(str(ServiceReason.BY_A_PERSON), f"{case.by or 'somebody'} asked for it", case.by)
    return Done(aborted(state, case.scene, why), f"requests go back to version {state.stable.version}")


def _pause(case: Case) -> Answer:
    """The rollout stays where it is."""
    if case.state.canary is None or case.state.stable is None:
        return No(NO_ROLLOUT)
    if case.state.paused is not None:
        return No(f"it is paused since {case.state.paused.since}: resume goes on")
    return Done(replace(case.state, paused=Pause(since=timestamp(case.scene.now), by=case.by)), "resume goes on")


def _resume(case: Case) -> Answer:
    """The rollout goes on."""
    if case.state.paused is None:
        return No("it is not paused")
    return Done(replace(case.state, paused=None), "it goes on")


def _retry(case: Case) -> Answer:
    """What the spec asks for may be started again."""
    desired = case.scene.desired
    if desired is None or case.state.failure_of(desired) is None:
        return No("the version that the spec asks for has not failed: there is nothing to retry")
    if case.state.canary is not None:
        return No(f"version {case.state.canary.version} is on its way: abort it first")
    return Done(case.state.forgiving(desired), f"version {desired.version} starts again at its first step")


def _skip_step(case: Case) -> Answer:
    """The step is over, whatever it waits for."""
    step = case.state.step
    if step is None or case.state.stable is None:
        return No(NO_ROLLOUT)
    if step.kind is StepKind.PROMOTION:
        return No("there is no step left: it is being promoted")
    return Done(next_step(case.state, case.scene), f"step {step.index + 1} of {step.total} is skipped")


def _rollback(case: Case) -> Answer:
    """Back to a version before: capacity first, then the requests; the one that is left is not started by itself."""
    state, stable = case.state, case.state.stable
    if state.canary is not None and stable is not None:
        return No(f"version {state.canary.version} is on its way and version {stable.version} serves: abort it instead")
    if stable is None:
        return No("nothing serves yet")
    target = case.offers.way_back(state)
    if isinstance(target, str):
        return No(f"{target}. Version {stable.version} goes on serving; pin another one by spec.model.version")
    asker = case.by or "somebody"
    why = Decision(str(ServiceReason.ROLLED_BACK), f"{asker} went back to version {target.version}", case.by)
    begun = starting(state.failing(stable, why, now=case.scene.now), target, case.scene, is_known=True)
    message = f"from version {stable.version} to version {target.version}: pods first, then the requests"
    return Done(begun.telling(ServiceEvent.ROLLING_BACK, message), message)


def _restart(case: Case) -> Answer:
    """The same version on new pods."""
    state, stable = case.state, case.state.stable
    if state.canary is not None:
        return No(f"version {state.canary.version} is on its way: wait, or abort it first")
    if stable is None:
        return No("nothing serves yet")
    fresh = case.offers.anew(stable, salt=case.asked.id)
    if isinstance(fresh, str):
        return No(fresh)
    message = f"version {stable.version} moves to new pods on {fresh.image}"
    begun = starting(state, fresh, case.scene, is_known=True)
    return Done(begun.telling(ServiceEvent.RESTARTING, message), message)


VERBS: Mapping[RequestVerb, Callable[[Case], Answer]] = {
    RequestVerb.PROMOTE: _promote,
    RequestVerb.ABORT: _abort,
    RequestVerb.PAUSE: _pause,
    RequestVerb.RESUME: _resume,
    RequestVerb.RETRY: _retry,
    RequestVerb.SKIP_STEP: _skip_step,
    RequestVerb.ROLLBACK: _rollback,
    RequestVerb.RESTART: _restart,
}
