"""A service that may be trained again: one ordinary case, so that a test names what matters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from leeboard.api.conditions import timestamp
from leeboard.api.resource import Metadata
from leeboard.api.retraining import Retraining
from leeboard.api.retraining_status import RetrainingStatus, TrainingOutcome
from leeboard.planning.retraining.decision import Decision, decide
from leeboard.planning.retraining.signs import Candidate, Case, Finding, Signs, Training, Verdicts

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
SERVICE = Metadata(name="loans", namespace="team", uid="uid-1")
DRIFT = Finding("2026-03-02T12:00:00Z", "car_value drifted in 3 of 4 windows, PSI 0.42 (limit 0.2)")
LOSS = Finding("2026-03-02T11:00:00Z", "accuracy 0.91 against 0.944 on 1,200 labels")
BOTH = Verdicts(drift=DRIFT, performance=LOSS)
ON_DRIFT: dict[str, Any] = {"triggers": [{"drift": {}}]}


def spec(**fields: object) -> Retraining:
    return Retraining.model_validate({"trainingJobRef": {"name": "car-loan"}, **fields})


@dataclass(slots=True)
class World:
    """A service over time: what is decided is remembered, trainings end when they are told to."""

    spec: Retraining = field(default_factory=lambda: spec(**ON_DRIFT))
    memory: RetrainingStatus = field(default_factory=RetrainingStatus)
    signs: Signs = field(default_factory=lambda: Signs(Verdicts()))
    now: datetime = NOW
    jobs: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def see(self, **changes: object) -> Decision:
        """One pass, with other signs from now on; the operator makes the TrainingJob that status asks for."""
        self.signs = replace(self.signs, **changes)  # type: ignore[arg-type]
        before = self.memory
        decision = decide(Case(self.spec, before, self.signs, self.now), SERVICE)
        self.memory = RetrainingStatus.model_validate(decision.memory.to_json())
        self.told += [notice.reason for notice in decision.notices]
        wanted, begun = before.trigger, self.memory.trigger
        if begun is not None and (wanted is None or wanted.id != begun.id):
            self.signs = replace(self.signs, training=None, candidate=None)
        if wanted is not None and not wanted.seen and wanted.training_job not in self.jobs:
            self.jobs.append(wanted.training_job)
            self.signs = replace(self.signs, training=Training())
        return decision

    def train(self, version: str | None = "2") -> None:
        """The TrainingJob of the last trigger is made and ends; without a version it fails."""
        self.see()
        self.see()
        outcome = TrainingOutcome.SUCCEEDED if version else TrainingOutcome.FAILED
        self.see(training=Training(outcome, timestamp(self.now), version))
        self.signs = replace(self.signs, candidate=Candidate.SERVES if version else None)

    def later(self, **span: float) -> World:
        self.now += timedelta(**span)
        return self
