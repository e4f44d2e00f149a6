"""Who asks for a training now: each trigger of the spec, and a person. A wish that a guard turns down comes again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from leeboard.api.conditions import timestamp
from leeboard.api.reasons_retraining import RetrainingReason
from leeboard.api.retraining import DriftTrigger, NewDataTrigger, ScheduleTrigger
from leeboard.api.retraining_status import TriggerKind
from leeboard.planning.facts import Unknown
from leeboard.planning.retraining.schedule import fault_of, last_tick, name_of
from leeboard.planning.retraining.signs import Case, Finding, NotYet


@dataclass(frozen=True, slots=True)
class Wish:
    """A training is asked for; ``key`` names the occasion, so that the same one never starts two."""

    kind: TriggerKind
    key: str
    evidence: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A trigger would ask for a training if it knew more, or if it could be read."""

    reason: RetrainingReason
    message: str


def wishes(case: Case) -> Iterator[Wish | Lacking]:
    """All of them, a person's first."""
    if case.signs.request is not None:
        request = case.signs.request
        yield Wish(TriggerKind.ON_DEMAND, request.id, f"{request.by or 'somebody'} asked for it", request.by)
    for trigger in case.spec.triggers:
        if trigger.drift is not None:
            yield from _drift(case, trigger.drift)
        elif trigger.schedule is not None:
            yield from _schedule(case, trigger.schedule)
        elif trigger.new_data is not None:
            yield from _new_data(case, trigger.new_data)
        elif trigger.new_template is not None:
            yield from _new_template(case)


def _drift(case: Case, trigger: DriftTrigger) -> Iterator[Wish | Lacking]:
    verdicts = case.signs.verdicts
    if isinstance(verdicts, Unknown):
        yield Lacking(RetrainingReason.NOT_OBSERVED, verdicts.why)
        return
    drift, loss = verdicts.drift, verdicts.performance
    wanted = {"DriftOnly": (drift,), "PerformanceOnly": (loss,), "DriftAndPerformance": (drift, loss)}[trigger.mode]
    unknown = next((item for item in wanted if isinstance(item, Unknown)), None)
    if any(item is None for item in wanted):
        return
    if unknown is not None:
        yield Lacking(RetrainingReason.NOT_OBSERVED, unknown.why)
    elif isinstance(loss, NotYet) and loss in wanted:
        drifted = f"{drift.evidence}; " if isinstance(drift, Finding) and drift in wanted else ""
        yield Lacking(RetrainingReason.LABELS_NEEDED, f"{drifted}{loss.message}")
    else:
        found = [item for item in wanted if isinstance(item, Finding)]
        kind = TriggerKind.PERFORMANCE if trigger.mode == "PerformanceOnly" else TriggerKind.DRIFT
        yield Wish(kind, found[0].key, "; ".join(item.evidence for item in found))


def _schedule(case: Case, trigger: ScheduleTrigger) -> Iterator[Wish | Lacking]:
    fault = fault_of(trigger)
    if fault is not None:
        yield Lacking(RetrainingReason.SCHEDULE_INVALID, f"spec.retraining.triggers: {fault}")
        return
    known = next((tick for tick in case.memory.ticks if tick.schedule == name_of(trigger)), None)
    if known is None:
        return
    tick = last_tick(trigger, after=datetime.fromisoformat(known.last), now=case.now)
    if tick is not None:
        yield Wish(TriggerKind.SCHEDULE, timestamp(tick), f"it is due by {name_of(trigger)} since {timestamp(tick)}")


def _new_data(case: Case, trigger: NewDataTrigger) -> Iterator[Wish | Lacking]:
    mark = case.signs.marks.get(trigger.uri)
    known = next((item for item in case.memory.data if item.uri == trigger.uri), None)
    if isinstance(mark, Unknown):
        yield Lacking(RetrainingReason.DATA_NOT_READABLE, f"{trigger.uri}: {mark.why}")
    elif mark is not None and known is not None and known.mark != mark:
        yield Wish(TriggerKind.NEW_DATA, _since_the_last(case, mark), f"{trigger.uri} has changed")


def _new_template(case: Case) -> Iterator[Wish | Lacking]:
    name = case.spec.training_job_ref.name
    known, seen = case.memory.trained_template, case.signs.template
    if not case.signs.is_template_only:
        message = (
            f"spec.retraining.triggers: newTemplate asks for nothing: TrainingJob {name} trains by itself when it is"
            " made. Next: name one with spec.templateOnly: true"
        )
        yield Lacking(RetrainingReason.TEMPLATE_INVALID, message)
    elif known is not None and seen is not None and known.digest != seen.digest:
        evidence = f"TrainingJob {name} has another spec than was trained last"
        yield Wish(TriggerKind.NEW_TEMPLATE, _since_the_last(case, seen.digest), evidence)


def _since_the_last(case: Case, state: str) -> str:
    """A state that comes back after a training is another occasion than when it came first."""
    last = case.memory.trigger
    return state if last is None else f"{state}/{last.at}"
