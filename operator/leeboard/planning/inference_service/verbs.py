"""What each verb does: done, or refused with the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from leeboard.api.conditions import timestamp
from leeboard.api.reasons_inference_service import ServiceEvent, ServiceReason
from leeboard.api.rollout_status import Pause, ShadowFirst, StepKind, StepPhase
from leeboard.api.verbs import Asked, RequestVerb
from leeboard.planning.inference_service.counsel import Counsel
from leeboard.planning.inference_service.endings import aborted, may_end
from leeboard.planning.inference_service.foreseeing import weighted
from leeboard.planning.inference_service.offers import Offers
from leeboard.planning.inference_service.roles import starting
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.stand import next_step
from leeboard.planning.inference_service.state import MAX_DRAINING, Decision, State
from leeboard.planning.retraining.signs import Request

NO_ROLLOUT = "no rollout is under way: change spec.model or spec.server to begin one"


@dataclass(frozen=True, slots=True)
class Case:
    """One request before it is decided; ``counsel`` is None where the spec asks for no retraining."""

    asked: Asked
    by: str
    state: State
    scene: Scene
    offers: Offers
    counsel: Counsel | None


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


def _crowded(state: State) -> No | None:
    """No further pods while so many versions have not gone yet."""
    if len(state.draining) < MAX_DRAINING:
        return None
    versions = ", ".join(sorted({item.version for item in state.draining}))
    return No(f"{len(state.draining)} revisions still drain (versions {versions}): wait for one to go, then ask again")


def _rollback(case: Case) -> Answer:
    """Back to a version before: capacity first, then the requests; the one that is left is not started by itself."""
    state, stable = case.state, case.state.stable
    if state.canary is not None and stable is not None:
        return No(f"version {state.canary.version} is on its way and version {stable.version} serves: abort it instead")
    if stable is None:
        return No("nothing serves yet")
    crowded = _crowded(state)
    if crowded is not None:
        return crowded
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
    crowded = _crowded(state)
    if crowded is not None:
        return crowded
    fresh = case.offers.anew(stable, salt=case.asked.id)
    if isinstance(fresh, str):
        return No(fresh)
    if fresh.name == stable.name:  # the status that said so was lost
        return Done(state, f"version {stable.version} is on the new pods already")
    message = f"version {stable.version} moves to new pods on {fresh.image}"
    begun = starting(state, fresh, case.scene, is_known=True)
    return Done(begun.telling(ServiceEvent.RESTARTING, message), message)


def _retrain(case: Case) -> Answer:
    """A training now; the TrainingJob is made by the next pass."""
    asked = Request(case.asked.id, case.by)
    decision = None if case.counsel is None else case.counsel.decided(case.state, asked)
    if decision is None:
        return No("spec.retraining is not set: name a TrainingJob in spec.retraining.trainingJobRef")
    trigger = decision.memory.trigger
    if decision.refusal is not None or trigger is None:
        return No(decision.refusal or decision.judgement.message)
    return Done(replace(case.state, retrained=decision), f"TrainingJob {trigger.training_job}")


VERBS: Mapping[RequestVerb, Callable[[Case], Answer]] = {
    RequestVerb.PROMOTE: _promote,
    RequestVerb.ABORT: _abort,
    RequestVerb.PAUSE: _pause,
    RequestVerb.RESUME: _resume,
    RequestVerb.RETRY: _retry,
    RequestVerb.SKIP_STEP: _skip_step,
    RequestVerb.ROLLBACK: _rollback,
    RequestVerb.RESTART: _restart,
    RequestVerb.RETRAIN: _retrain,
}
