"""``whenUnderpowered: ShadowFirst``: a weight step that would bring too few requests begins with copies of all of them.

    begins --rate counted--> enough: the weight ------------------------------------------> time and evidence
                   |                        ^
                   +--> too few: copies ----+ every check passes on copies, or a person goes on

What the copies have shown counts for the step that they precede: else the step would lack it still.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from leeboard.api.reasons_inference_service import ServiceEvent
from leeboard.api.rollout import Analysis
from leeboard.api.rollout_status import ShadowFirst, StepKind, StepPhase, StepStatus
from leeboard.monitoring.analysis import ENOUGH, Evidence, Forecast, foresee
from leeboard.planning.duration import seconds_of
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.stand import Now, step_at
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.steps import Course, is_undecided, leg_at, leg_of
from leeboard.planning.moments import since

COUNTING = "requests are counted for a moment, to see whether the step will bring enough"


def forecast_of(
    evidence: Evidence | None, analysis: Analysis | None, *, step: StepStatus | None, course: Course, now: datetime
) -> Forecast | None:
    """What the step will bring; None while it is not known, or not asked."""
    if analysis is None or step is None or evidence is None or not is_undecided(analysis, step):
        return None
    leg = leg_at(course, step.index)
    if leg.kind is not StepKind.WEIGHT:
        return ENOUGH
    has_copies = step.index > 0 and leg_at(course, step.index - 1).share.mirror > 0
    return foresee(
        evidence,
        analysis=analysis,
        weight=leg.share.weight,
        window_seconds=leg.seconds,
        now=now,
        has_copies=has_copies,
    )


def decided(now: Now) -> Now:
    """The step with or without copies before it, once its forecast is there."""
    forecast = now.signs.forecast
    if forecast is None or now.state.paused or not is_undecided(now.scene.resource.spec.rollout.analysis, now.step):
        return now
    found = ShadowFirst.RUNNING if forecast.is_short else ShadowFirst.NOT_NEEDED
    step = now.step.model_copy(update={"shadow_first": found})
    state = replace(now.state, step=step)
    if forecast.is_short:
        what = f"{forecast.message}: requests are copied to it first"
        state = state.telling(ServiceEvent.SHADOWED_FIRST, what)
    return replace(now, state=state, step=step, leg=leg_of(now.scene.course, step))


def copying(now: Now, missing: str | None) -> State | str:
    """While requests are copied first: the step itself once nothing is missing, else the sentence for the person who is
    asked after ``maxHold``, else the same step.
    """
    analysis = now.scene.resource.spec.rollout.analysis
    if missing is None:
        return weighted(now.state, now.scene)
    patience = timedelta(seconds=seconds_of(analysis.max_hold if analysis else "0s"))
    if now.step.confirmed_at is not None and since(now.step.confirmed_at, now.scene.now) >= patience:
        return f"copied since {now.step.confirmed_at}: {missing}. Promote to begin the step, abort to go back"
    return now.at(StepPhase.OBSERVING, f"requests are copied first: {missing}", held_since=None)


def weighted(state: State, scene: Scene) -> State:
    """The copies are over: the step begins with its weight."""
    if state.step is None:
        return state
    begun = step_at(scene.course, state.step.index, now=scene.now)
    state = replace(state, step=begun.model_copy(update={"shadow_first": ShadowFirst.DONE}))
    what = f"step {begun.index + 1} of {begun.total} gives its weight: the copies have shown enough"
    return state.telling(ServiceEvent.STEP_STARTED, what)
