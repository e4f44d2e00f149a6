"""What a service remembers of its trainings, from one pass to the next: the guards rest on it.

no trigger ──started──> trigger latched ──its TrainingJob made──> seen ──ends──> outcome latched
                                                                                   │ judged once:
           healthy window of what it brought: fruitless = 0, the circuit closes <──┤
           the next wish for drift or loss: fruitless + 1, at 3 the circuit opens <─┤
                             what it brought is not better: the same, and at once <─┘
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.names import MAX_RESOURCE_NAME, child_name
from leeboard.api.reasons_retraining import RetrainingEvent
from leeboard.api.resource import Metadata
from leeboard.api.retraining_status import (
    MAX_STARTS,
    DataMark,
    RetrainingStatus,
    TemplateMark,
    Tick,
    TrainingOutcome,
    TriggerKind,
    TriggerStatus,
)
from leeboard.planning.facts import Unknown
from leeboard.planning.plan import Notice, NoticeType
from leeboard.planning.retraining.facts import looks_at_template
from leeboard.planning.retraining.guards import FRUITLESS_LIMIT, is_pending
from leeboard.planning.retraining.schedule import fault_of, last_tick, name_of
from leeboard.planning.retraining.signs import Candidate, Case, Finding, Training, Verdicts
from leeboard.planning.retraining.wishes import Lacking, Wish

WEEK = timedelta(days=7)
Told = tuple[RetrainingStatus, tuple[Notice, ...]]


def training_job_name(service: Metadata, trigger_id: str) -> str:
    """The TrainingJob of a trigger: the same for the same trigger for ever, short as CEL wants our kinds' names."""
    return child_name(service.name, service.uid, trigger_id, most=MAX_RESOURCE_NAME)


def followed(case: Case) -> Told:
    """How the training of the last trigger goes on; latched when it has ended."""
    memory, trigger, seen = case.memory, case.memory.trigger, case.signs.training
    if trigger is None or trigger.outcome is not None or isinstance(seen, Unknown):
        return memory, ()
    if seen is None and not trigger.seen:
        return memory, ()
    if seen is None:
        seen = Training(TrainingOutcome.LOST, timestamp(case.now))
    ended = {"outcome": seen.outcome, "ended_at": seen.ended_at, "version": seen.version} if seen.outcome else {}
    memory = memory.model_copy(update={"trigger": trigger.model_copy(update={"seen": True, **ended})})
    if seen.outcome is None:
        return memory, ()
    brought = f" and brought version {seen.version}" if seen.version else ""
    kind = NoticeType.NORMAL if seen.outcome is TrainingOutcome.SUCCEEDED else NoticeType.WARNING
    message = f"TrainingJob {trigger.training_job}: {seen.outcome.value}{brought}"
    return memory, (Notice(kind, RetrainingEvent.ENDED, message),)


def based(case: Case, memory: RetrainingStatus) -> RetrainingStatus:
    """Schedules and data begin when they are first seen; those that the spec names no more are forgotten."""
    ticks, data = [], [item for item in memory.data if item.trained and item.uri == case.signs.data]
    for trigger in case.spec.triggers:
        if trigger.schedule is not None and fault_of(trigger.schedule) is None:
            known = (tick for tick in memory.ticks if tick.schedule == name_of(trigger.schedule))
            ticks.append(next(known, Tick(schedule=name_of(trigger.schedule), last=timestamp(case.now))))
        if trigger.new_data is not None and not any(item.uri == trigger.new_data.uri for item in data):
            data += _known_mark(case, memory, trigger.new_data.uri)
    starts = tuple(item for item in memory.starts if datetime.fromisoformat(item) > case.now - WEEK)
    update = {
        "ticks": tuple(ticks),
        "data": tuple(data),
        "starts": starts,
        "trained_template": _known_template(case, memory),
    }
    return memory.model_copy(update=update)


def _known_template(case: Case, memory: RetrainingStatus) -> TemplateMark | None:
    """The template that was trained by last: one that trains by itself has done so."""
    known, seen = memory.trained_template, case.signs.template
    if not looks_at_template(case.spec):
        return None
    if known is None or seen is None:
        return known or seen
    is_known = known.digest == seen.digest or not case.signs.is_template_only
    return seen if is_known else known


def _known_mark(case: Case, memory: RetrainingStatus, uri: str) -> list[DataMark]:
    known = next((item for item in memory.data if item.uri == uri), None)
    mark = case.signs.marks.get(uri)
    if known is not None:
        return [known]
    return [DataMark(uri=uri, mark=mark)] if isinstance(mark, str) else []


def judged(case: Case, found: Sequence[Wish | Lacking]) -> Told:
    """Whether the last training for drift or loss helped, once that can be said."""
    memory, trigger, verdicts = case.memory, case.memory.trigger, case.signs.verdicts
    if isinstance(verdicts, Verdicts) and _is_healthy(memory, verdicts):
        healed = {"fruitless": 0, "circuit_open_since": None, "trigger": _counted(trigger)}
        return memory.model_copy(update=healed), ()
    if trigger is None or trigger.ended_at is None or trigger.judged or not _was_in_vain(case, trigger, found):
        return memory, ()
    fruitless = memory.fruitless + 1
    update = {"fruitless": fruitless, "trigger": _counted(trigger)}
    if fruitless < FRUITLESS_LIMIT:
        return memory.model_copy(update=update), ()
    message = f"{fruitless} trainings in a row did not help: nothing more starts by itself until a person asks"
    opened = Notice(NoticeType.WARNING, RetrainingEvent.CIRCUIT_OPENED, message)
    return memory.model_copy(update={**update, "circuit_open_since": timestamp(case.now)}), (opened,)


def _was_in_vain(case: Case, trigger: TriggerStatus, found: Sequence[Wish | Lacking]) -> bool:
    """Whether it brought nothing better, or is over and what asked for it goes on."""
    if case.signs.candidate is Candidate.NOT_BETTER:
        return True
    is_asked_again = any(isinstance(item, Wish) and item.kind.rests_on_evidence for item in found)
    is_over = not is_pending(case) and not case.signs.is_rolling_out
    return trigger.kind.rests_on_evidence and is_asked_again and is_over


def _is_healthy(memory: RetrainingStatus, verdicts: Verdicts) -> bool:
    """Whether a window that began to count after the last training was judged healthy."""
    if verdicts.healthy_at is None or isinstance(verdicts.drift, Finding) or isinstance(verdicts.performance, Finding):
        return False
    ended = None if memory.trigger is None else memory.trigger.ended_at
    has_trouble = bool(memory.fruitless) or memory.circuit_open_since is not None
    is_open = memory.trigger is not None and memory.trigger.outcome is not None and not memory.trigger.judged
    is_later = ended is None or datetime.fromisoformat(verdicts.healthy_at) > datetime.fromisoformat(ended)
    return (has_trouble or is_open) and is_later


def compared(case: Case, memory: RetrainingStatus) -> Told:
    """How the version that the last training brought compares, told once."""
    trigger, known = memory.trigger, case.signs.evaluation
    if trigger is None or trigger.evaluation or not known:
        return memory, ()
    memory = memory.model_copy(update={"trigger": trigger.model_copy(update={"evaluation": known})})
    if case.signs.candidate is not Candidate.NOT_BETTER:
        return memory, ()
    return memory, (Notice(NoticeType.WARNING, RetrainingEvent.NOT_BETTER, known),)


def _counted(trigger: TriggerStatus | None) -> TriggerStatus | None:
    return None if trigger is None else trigger.model_copy(update={"judged": True})


def started(case: Case, wish: Wish, service: Metadata) -> RetrainingStatus:
    """The memory of a trigger: what it consumes, and the name of its TrainingJob."""
    memory, at = case.memory, timestamp(case.now)
    attempt = memory.fruitless + 1 if wish.kind.rests_on_evidence else 1
    identity = f"{wish.kind.value}/{wish.key}/{attempt}"
    trigger = TriggerStatus(
        id=identity,
        kind=wish.kind,
        at=at,
        by=wish.by,
        evidence=wish.evidence,
        training_job=training_job_name(service, identity),
    )
    is_asked = wish.kind is TriggerKind.ON_DEMAND
    return memory.model_copy(
        update={
            "trigger": trigger,
            "starts": (at, *memory.starts)[:MAX_STARTS],
            "ticks": _consumed(case),
            "data": _trained_on(case),
            "trained_template": memory.trained_template and (case.signs.template or memory.trained_template),
            "fruitless": 0 if is_asked else memory.fruitless,
            "circuit_open_since": None if is_asked else memory.circuit_open_since,
        }
    )


def _consumed(case: Case) -> tuple[Tick, ...]:
    """Whatever asked, a training serves every schedule that was due."""
    known, ticks = {tick.schedule: tick for tick in case.memory.ticks}, []
    for trigger in case.spec.triggers:
        tick = None if trigger.schedule is None else known.get(name_of(trigger.schedule))
        if trigger.schedule is None or tick is None:
            continue
        due = last_tick(trigger.schedule, after=datetime.fromisoformat(tick.last), now=case.now)
        ticks.append(tick if due is None else tick.model_copy(update={"last": timestamp(due)}))
    return tuple(ticks)


def _trained_on(case: Case) -> tuple[DataMark, ...]:
    """The data that are read now, by all that is known of them."""
    uris = dict.fromkeys(item.uri for item in case.memory.data)
    if case.signs.data is not None:
        uris[case.signs.data] = None
    before = {item.uri: item for item in case.memory.data}
    marks = []
    for uri in uris:
        mark = case.signs.marks.get(uri)
        if isinstance(mark, str):
            marks.append(DataMark(uri=uri, mark=mark, trained=True))
        elif uri in before:
            marks.append(before[uri])
    return tuple(marks)
