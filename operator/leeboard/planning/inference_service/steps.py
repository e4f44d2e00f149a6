"""The steps of a rollout, compiled: what share of the requests the canary gets at each, and for how long.

weight    -> that percent, for so long
shadow    -> copies only, for so long
match     -> requests with these headers only, for so long
approval  -> the share of the step before, until a person decides
promotion -> everything; after the last step, and the whole course when there are no steps

A weight that would bring too few requests may begin with copies of all of them: see ``foreseeing``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leeboard.api.rollout import Analysis, Rollout
from leeboard.api.rollout_status import ShadowFirst, StepKind, StepPhase, StepStatus
from leeboard.api.rollout_steps import Ramp, Step
from leeboard.api.traffic import HeaderMatch
from leeboard.monitoring.analysis import foresees
from leeboard.planning.duration import seconds_of
from leeboard.planning.traffic import Split
from leeboard.planning.traffic.split import ALL


@dataclass(frozen=True, slots=True)
class Share:
    """What a canary gets: percent of ordinary requests, percent of copies, requests with these headers."""

    weight: int = 0
    mirror: int = 0
    match: tuple[HeaderMatch, ...] = ()

    @property
    def is_some(self) -> bool:
        """Whether any request or copy goes to the canary."""
        return bool(self.weight or self.mirror or self.match)

    def split(self, *, stable: str, canary: str) -> Split:
        """The split between two revisions that gives the canary this share."""
        return Split(stable, canary, self.weight, self.mirror, self.match)


NOTHING = Share()


@dataclass(frozen=True, slots=True)
class Leg:
    """One step, compiled; ``seconds`` count from the confirmed split, ``message`` is for the person who decides."""

    kind: StepKind
    share: Share
    seconds: int = 0
    message: str = ""

    @property
    def is_full(self) -> bool:
        """Whether it needs all pods: everything, or a share that nobody can foresee."""
        return self.kind is StepKind.PROMOTION or bool(self.share.match)


PROMOTION = Leg(StepKind.PROMOTION, Share(weight=ALL))
COPIES = Leg(StepKind.SHADOW, Share(mirror=ALL))
"""The beginning of a weight step that would bring too few requests."""
Course = tuple[Leg, ...]


def course_of(rollout: Rollout) -> Course:
    """The steps before the promotion."""
    legs: list[Leg] = []
    for step in rollout.steps or tuple(_ramp(rollout.ramp)):
        legs.append(_leg(step, before=legs[-1].share if legs else NOTHING))
    return tuple(legs)


def leg_at(course: Course, index: int) -> Leg:
    """The step of that number, the promotion after the last."""
    return course[index] if index < len(course) else PROMOTION


def leg_of(course: Course, step: StepStatus) -> Leg:
    """What a step asks for now; a promotion is one, whatever the steps are now."""
    if step.kind is StepKind.PROMOTION:
        return PROMOTION
    return COPIES if step.shadow_first is ShadowFirst.RUNNING else leg_at(course, step.index)


def is_undecided(analysis: Analysis | None, step: StepStatus | None) -> bool:
    """Whether a weight step has not begun because nobody knows yet whether it brings enough requests."""
    if analysis is None or analysis.when_underpowered != "ShadowFirst" or step is None or not foresees(analysis):
        return False
    is_new = step.confirmed_at is None and step.phase is not StepPhase.ROUTING
    return step.kind is StepKind.WEIGHT and step.shadow_first is None and is_new


def _ramp(ramp: Ramp | None) -> Iterator[Step]:
    """Equal steps, and a last one with the highest weight."""
    if ramp is None:
        return
    for weight in (*range(ramp.step_weight, ramp.max_weight, ramp.step_weight), ramp.max_weight):
        yield Step(weight=weight, for_=ramp.interval)


def _leg(step: Step, *, before: Share) -> Leg:
    """One step of the spec."""
    seconds = 0 if step.for_ is None else seconds_of(step.for_)
    if step.weight is not None:
        return Leg(StepKind.WEIGHT, Share(weight=step.weight), seconds)
    if step.shadow is not None:
        return Leg(StepKind.SHADOW, Share(mirror=step.shadow.percent), seconds)
    if step.match is not None:
        return Leg(StepKind.MATCH, Share(match=step.match.headers), seconds)
    return Leg(StepKind.APPROVAL, before, message=step.approval.message if step.approval else "")
