"""Whether a service's model is trained again: its signs gathered, the decision asked for, the TrainingJob made.

    decision ──status──> trigger latched ──next pass reads it──> TrainingJob made ──observed──> followed to its end

The TrainingJob is made from the status that the API server holds, never from a decision of the same pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement, condition_of, is_true
from leeboard.api.evaluation import EvaluationVerdict
from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import API_VERSION, Kind
from leeboard.api.reasons_retraining import RetrainingReason
from leeboard.api.resource import Manifest
from leeboard.api.retraining import Retraining
from leeboard.api.retraining_status import RetrainingStatus, TrainingOutcome, TriggerStatus
from leeboard.monitoring.watch import Watch
from leeboard.planning.duration import seconds_of
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.inference_service.state import State
from leeboard.planning.monitoring.sight import verdicts_on
from leeboard.planning.plan import Create, Delete, ObjectRef, Write, ref_of, uid_of
from leeboard.planning.retraining.decision import Decision, decide
from leeboard.planning.retraining.facts import (
    RetrainingFacts,
    data_of,
    is_on_web,
    is_template_only,
    looks_at_template,
    mark_of,
)
from leeboard.planning.retraining.history import Needed, surplus
from leeboard.planning.retraining.memory import followed
from leeboard.planning.retraining.probes import next_look, probes_of
from leeboard.planning.retraining.schedule import fault_of, next_tick
from leeboard.planning.retraining.signs import Candidate, Case, Request, Signs, Training
from leeboard.planning.retraining.training import template_faults, training_job


@dataclass(frozen=True, slots=True)
class Counsel:
    """Everything that the decision of one pass rests on, but for the parts that the revisions play."""

    resource: InferenceService
    facts: RetrainingFacts
    watch: Watch | None
    versions: Sequence[ModelVersion]
    rejections: tuple[Rejection, ...]
    now: datetime

    def decided(self, state: State, request: Request | None = None) -> Decision | None:
        """The decision; None where the spec asks for no retraining."""
        spec = self.resource.spec.retraining
        if spec is None:
            return None
        case = Case(spec, self._memory, self._signs(state, request), self.now)
        fault = self._fault(spec)
        if fault is None:
            return self._unless_refused(self._unless_unseen(decide(case, self.resource.metadata)))
        memory, notices = followed(case)
        return Decision(memory, fault, notices, fault.message)

    def writes(self, decision: Decision, state: State) -> Iterator[Write]:
        """The TrainingJob of the trigger that is latched, until it has been seen; the end of those nobody needs."""
        yield from self._trainings(decision)
        yield from self._removals(decision, state)

    def _trainings(self, decision: Decision) -> Iterator[Write]:
        stored, template = self._memory.trigger, self.facts.template
        if not isinstance(template, dict) or not self._is_due(stored) or self._refusal(stored) is not None:
            return
        latched = decision.memory.trigger
        if stored is not None and latched is not None and latched.id == stored.id and latched.outcome is None:
            yield Create(training_job(self.resource, template, stored))

    def _removals(self, decision: Decision, state: State) -> Iterator[Write]:
        """TrainingJobs of past triggers beyond the spec's limits."""
        spec, last, made = self.resource.spec.retraining, decision.memory.trigger, self.facts.made
        if spec is None or isinstance(made, Unknown):
            return
        parts = (state.stable, state.canary, *state.draining, *state.previous)
        open_ = (
            item.spec.version for item in self.versions if self._fate(item.spec.version, state) is Candidate.PENDING
        )
        names = {spec.training_job_ref.name} | ({last.training_job} if last is not None else set())
        needed = Needed(names, {part.version for part in parts if part is not None} | set(open_))
        yield from (Delete(ref_of(job), uid_of(job)) for job in surplus(made, spec.history_limit, needed))

    def appointments(self, decision: Decision) -> Iterator[timedelta]:
        """When clock or data may ask for a training, or an objection ends."""
        spec = self.resource.spec.retraining
        yield from (next_look(probe, now=self.now) for probe in probes_of(spec))
        for trigger in () if spec is None else spec.triggers:
            if trigger.schedule is not None and fault_of(trigger.schedule) is None:
                yield next_tick(trigger.schedule, now=self.now) - self.now
            if trigger.new_data is not None and is_on_web(trigger.new_data.uri):
                yield timedelta(seconds=max(seconds_of(trigger.new_data.interval), 1))
        if decision.until is not None:
            yield decision.until - self.now

    @property
    def _memory(self) -> RetrainingStatus:
        return self.resource.status.retraining or RetrainingStatus()

    def _is_due(self, trigger: TriggerStatus | None) -> bool:
        return trigger is not None and not trigger.seen and trigger.outcome is None and self.facts.training is None

    def _signs(self, state: State, request: Request | None) -> Signs:
        spec, template = self.resource.spec.retraining, self.facts.template
        is_looked_at = spec is not None and looks_at_template(spec)
        return Signs(
            verdicts=verdicts_on(self.watch, self.resource, stable=None if state.stable is None else state.stable.name),
            training=_training(self.facts.training),
            candidate=self._candidate(state),
            evaluation=self._evaluation(),
            is_rolling_out=state.canary is not None,
            request=request,
            marks=self.facts.marks,
            data=None if spec is None else data_of(spec, template),
            template=mark_of(template, known=self._memory.trained_template) if is_looked_at else None,
            is_template_only=is_template_only(template),
        )

    def _version(self, number: str | None) -> ModelVersion | None:
        return next((item for item in self.versions if item.spec.version == number), None)

    def _evaluation(self) -> str:
        """How the version that the last training brought compares with the one that serves."""
        trigger = self._memory.trigger
        found = None if trigger is None else self._version(trigger.version)
        known = None if found is None else found.status.evaluation
        return "" if known is None else known.message

    def _candidate(self, state: State) -> Candidate | None:
        """What became of the version that the last training brought."""
        trigger = self._memory.trigger
        number = None if trigger is None else trigger.version
        return None if number is None else self._fate(number, state)

    def _fate(self, number: str, state: State) -> Candidate:
        """What became of a version of the model."""
        if state.stable is not None and state.stable.version == number and state.canary is None:
            return Candidate.SERVES
        found = self._version(number)
        is_rejected = found is None or (found.spec.decision is not None and found.spec.decision.state == "Rejected")
        has_failed = any(item.version == number for item in state.failed)
        is_passed = state.stable is not None and int(state.stable.version) > int(number)
        if is_rejected or has_failed or is_passed:
            return Candidate.REFUSED
        return Candidate.NOT_BETTER if found is not None and is_not_better(found) else Candidate.PENDING

    def _fault(self, spec: Retraining) -> Judgement | None:
        """Why the named TrainingJob cannot be used."""
        name, template = spec.training_job_ref.name, self.facts.template
        if isinstance(template, Unknown):
            return _said(ConditionStatus.UNKNOWN, RetrainingReason.NOT_OBSERVED, template.why)
        faults = list(template_faults(self.resource, template, name=name))
        if not faults:
            return None
        return _said(ConditionStatus.FALSE, RetrainingReason.TEMPLATE_INVALID, "; ".join(map(str, faults)))

    def _unless_unseen(self, decision: Decision) -> Decision:
        """What was said before stands until somebody has looked: a new operator would say Unknown of every service."""
        before = condition_of(self.resource.status.conditions, ConditionType.RETRAINING)
        if self.watch is not None or before is None or decision.judgement.reason != RetrainingReason.NOT_OBSERVED:
            return decision
        said = Judgement(
            type=ConditionType.RETRAINING, status=before.status, reason=before.reason, message=before.message
        )
        return replace(decision, judgement=said)

    def _unless_refused(self, decision: Decision) -> Decision:
        """The decision, or what the API server has against its TrainingJob."""
        refusal = self._refusal(decision.memory.trigger)
        if refusal is None:
            return decision
        message = f"the API server refuses TrainingJob {refusal.name}: {refusal.message}"
        said = _said(ConditionStatus.FALSE, RetrainingReason.TEMPLATE_INVALID, message)
        return replace(decision, judgement=said)

    def _refusal(self, trigger: TriggerStatus | None) -> Rejection | None:
        wanted = None if trigger is None else trigger.training_job
        mine = (item for item in self.rejections if item.kind == Kind.TRAINING_JOB)
        return next((item for item in mine if item.name == wanted), None)


def is_not_better(version: ModelVersion) -> bool:
    """Whether a version was compared and is not better, and nobody approved it all the same."""
    known, conditions = version.status.evaluation, version.status.conditions
    is_known = known is not None and known.verdict is EvaluationVerdict.NOT_BETTER
    return is_known and not is_true(conditions, ConditionType.APPROVED)


def template_and_training(resource: InferenceService) -> tuple[ObjectRef | None, ObjectRef | None]:
    """The TrainingJobs that have to be observed: the template, and that of the last trigger."""
    spec, memory = resource.spec.retraining, resource.status.retraining
    trigger = None if memory is None else memory.trigger
    return (
        None if spec is None else _ref(resource, spec.training_job_ref.name),
        None if spec is None or trigger is None else _ref(resource, trigger.training_job),
    )


def _ref(resource: InferenceService, name: str) -> ObjectRef:
    return ObjectRef(API_VERSION, Kind.TRAINING_JOB.value, resource.metadata.namespace, name)


def _training(found: Manifest | Unknown | None) -> Training | Unknown | None:
    """How a TrainingJob stands."""
    if found is None or isinstance(found, Unknown):
        return found
    status = found.get("status") or {}
    if status.get("outcome") is None:
        return Training()
    version = (status.get("modelVersion") or {}).get("version")
    return Training(TrainingOutcome(status["outcome"]), status["completionTime"], version)


def _said(status: ConditionStatus, reason: RetrainingReason, message: str) -> Judgement:
    return Judgement(type=ConditionType.RETRAINING, status=status, reason=reason, message=message)
