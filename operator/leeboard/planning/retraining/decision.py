"""Whether a training starts now. The memory is written before the TrainingJob is made, so that there is exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement
from leeboard.api.reasons_retraining import RetrainingEvent, RetrainingReason
from leeboard.api.resource import Metadata
from leeboard.api.retraining_status import RetrainingStatus, TriggerKind
from leeboard.planning.plan import Notice, NoticeType
from leeboard.planning.retraining.guards import Objection, objection
from leeboard.planning.retraining.memory import based, compared, followed, judged, started
from leeboard.planning.retraining.signs import Candidate, Case
from leeboard.planning.retraining.wishes import Lacking, Wish, wishes


@dataclass(frozen=True, slots=True)
class Decision:
    """The memory as it has to be written, the condition, what to tell; ``refusal`` answers a person's request.
    ``until`` is when the first objection ends by itself.

    The TrainingJob of ``memory.trigger`` has to be there while it was never seen and has no outcome; only a pass that
    read the trigger in status makes it.
    """

    memory: RetrainingStatus
    judgement: Judgement
    notices: tuple[Notice, ...] = ()
    refusal: str | None = None
    until: datetime | None = None


def decide(case: Case, service: Metadata) -> Decision:
    """One pass: follow the last training, hear who asks for one, let the guards object, start at most one."""
    memory, ended = followed(case)
    case = replace(case, memory=based(case, memory))
    found = tuple(wishes(case))
    memory, told = compared(case, case.memory)
    case = replace(case, memory=memory)
    memory, opened = judged(case, found)
    case = replace(case, memory=memory)
    notices = (*ended, *told, *opened)
    objections = [(item, objection(case, item)) for item in found if isinstance(item, Wish)]
    free = next((wish for wish, against in objections if against is None), None)
    if free is not None:
        message = f"{free.kind}: {free.evidence}"
        notice = Notice(NoticeType.NORMAL, RetrainingEvent.TRIGGERED, message)
        judgement = _judgement(RetrainingReason.TRAINING, message)
        return Decision(started(case, free, service), judgement, (*notices, notice))
    turned_down = [(wish, against) for wish, against in objections if against is not None]
    refusal = next((str(against) for wish, against in turned_down if wish.kind is TriggerKind.ON_DEMAND), None)
    until = min((against.until for _, against in turned_down if against.until is not None), default=None)
    return Decision(memory, _why_not(case, found, turned_down), notices, refusal, until)


def _why_not(case: Case, found: Sequence[Wish | Lacking], turned_down: Sequence[tuple[Wish, Objection]]) -> Judgement:
    """The condition while nothing new starts."""
    trigger = case.memory.trigger
    if trigger is not None and trigger.outcome is None:
        message = f"TrainingJob {trigger.training_job}: {trigger.kind}: {trigger.evidence}"
        return _judgement(RetrainingReason.TRAINING, message)
    for wish, against in turned_down:
        return _judgement(against.reason, f"{wish.kind}: {wish.evidence}; suppressed: {against}")
    lacking = next((item for item in found if isinstance(item, Lacking)), None)
    if lacking is not None:
        return _judgement(lacking.reason, lacking.message)
    said = "nothing asks for a training"
    if case.signs.candidate is Candidate.NOT_BETTER:
        said += f"; the last one brought nothing better: {case.signs.evaluation}"
    return _judgement(RetrainingReason.NO_TRIGGER, said)


def _judgement(reason: RetrainingReason, message: str) -> Judgement:
    """True while a training is under way; what could not be read is Unknown, not False."""
    match reason:
        case RetrainingReason.TRAINING:
            status = ConditionStatus.TRUE
        case RetrainingReason.NOT_OBSERVED | RetrainingReason.DATA_NOT_READABLE:
            status = ConditionStatus.UNKNOWN
        case _:
            status = ConditionStatus.FALSE
    return Judgement(type=ConditionType.RETRAINING, status=status, reason=reason, message=message)
