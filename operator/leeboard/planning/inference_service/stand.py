"""One canary at one step in one pass, and how a step begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from leeboard.api.conditions import timestamp
from leeboard.api.inference_service import Revision
from leeboard.api.reasons_inference_service import ServiceEvent
from leeboard.api.rollout_status import StepPhase, StepStatus
from leeboard.monitoring.analysis import Forecast, Ruling
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.steps import Course, Leg, leg_at
from leeboard.planning.inference_service.troubles import Trouble
from leeboard.planning.traffic import Split

QUIET = frozenset({StepPhase.OBSERVING, StepPhase.HOLDING, StepPhase.WAITING_FOR_PERSON})
ROUTED = frozenset({StepPhase.ROUTING, StepPhase.OBSERVING, StepPhase.HOLDING})


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against the canary in this pass. The ruling is about the step since ``judged_since``, and
    ``asked`` the share (weight, copies) of the last pass. ``is_quiet`` while numbers that were told a moment ago need
    not be told anew; ``is_new`` in the canary's first pass.
    """

    ruling: Ruling | None = None
    judged_since: datetime | None = None
    forecast: Forecast | None = None
    trouble: Trouble | None = None
    asked: tuple[int, int] | None = None
    had_requests: bool = False
    is_quiet: bool = False
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """One canary at one step, in one pass."""

    state: State
    scene: Scene
    signs: Signs
    canary: Revision
    stable: Revision
    step: StepStatus
    leg: Leg

    @property
    def split(self) -> Split:
        """The split that the step asks for."""
        return self.leg.share.split(stable=self.stable.name, canary=self.canary.name)

    @property
    def is_routed(self) -> bool:
        """Whether the canary has had this step's share already, so that only lost pods take it away again."""
        same = self.signs.asked == (self.leg.share.weight, self.leg.share.mirror)
        return same and (self.step.confirmed_at is not None or self.step.phase in ROUTED)

    def at(self, phase: StepPhase, message: str, **changes: object) -> State:
        """The same step, so far; ``phase_since`` moves with the phase only."""
        shown = StepPhase.PAUSED if self.state.paused else phase
        is_same = shown is self.step.phase
        moved = {} if is_same else {"phase_since": timestamp(self.scene.now)}
        if is_same and self.signs.is_quiet and shown in QUIET:
            message = self.step.message
        step = self.step.model_copy(update={"phase": shown, "message": message, **moved, **changes})
        return replace(self.state, step=StepStatus.model_validate(step.model_dump()))


def first_step(course: Course, *, now: datetime) -> StepStatus:
    """The beginning of a rollout; with an empty course the promotion alone."""
    return step_at(course, 0, now=now)


def step_at(course: Course, index: int, *, now: datetime) -> StepStatus:
    """The beginning of a step."""
    leg, moment = leg_at(course, index), timestamp(now)
    return StepStatus(
        index=min(index, len(course)),
        total=len(course),
        kind=leg.kind,
        phase=StepPhase.SCALING,
        started_at=moment,
        phase_since=moment,
    )


def next_step(state: State, scene: Scene, *, to: int | None = None) -> State:
    """The rollout at the step after, or at step ``to``."""
    step = state.step
    if step is None:
        return state
    begun = step_at(scene.course, step.index + 1 if to is None else to, now=scene.now)
    what = f"step {begun.index + 1} of {begun.total} begins" if begun.index < begun.total else "the promotion begins"
    return replace(state, step=begun).telling(ServiceEvent.STEP_STARTED, f"{what}: {begun.kind}")
