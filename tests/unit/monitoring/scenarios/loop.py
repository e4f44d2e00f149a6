"""One service over simulated days: its pods count, windows end, verdicts are given, and trainings are decided.

    rows ──counted──> watch ──> verdicts ──> decision ──> TrainingJob, made by the pass after

All of it is the operator's own; only clock, pods and TrainingJobs are played.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leeboard.api.inference_service import InferenceService
from leeboard.api.retraining_status import TriggerStatus
from leeboard.monitoring.cells import Cells, PodLabels
from leeboard.monitoring.watch import Watch
from leeboard.planning.monitoring.settings import settings_of
from leeboard.planning.monitoring.sight import sight_of, verdicts_on
from leeboard.planning.retraining.decision import Decision
from tests.support.profiles import Reference, Rows
from tests.unit.monitoring.watched import Service
from tests.unit.planning.retraining.builders import World, spec

ON_DRIFT: Mapping[str, Any] = {"triggers": [{"drift": {"mode": "DriftOnly"}}]}
ON_BOTH: Mapping[str, Any] = {"triggers": [{"drift": {}}]}
ON_LOSS: Mapping[str, Any] = {"triggers": [{"drift": {"mode": "PerformanceOnly"}}]}
LABELS: Mapping[str, Any] = {"labels": {"tokenKeysSecret": "keys", "feedbackSecret": "feedback"}}
HOURLY: Mapping[str, Any] = {"window": {"period": "1h", "longest": "24h", "minSamples": 500, "qualityPeriod": "1h"}}
"""Windows of an hour, for streams without a daily cycle."""


@dataclass
class Loop:
    """``conditions`` are the last pass's, as status and reason."""

    reference: Reference
    retraining: Mapping[str, Any] = field(default_factory=lambda: ON_DRIFT)
    monitoring: Mapping[str, Any] = field(default_factory=dict)
    service: Service = field(init=False)
    world: World = field(init=False)
    resource: InferenceService = field(init=False)
    conditions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        manifest = {
            "metadata": {"name": "loans", "namespace": "team", "uid": "uid-1"},
            "spec": {"model": {"name": "loan"}, "monitoring": dict(self.monitoring)},
        }
        self.resource = InferenceService.model_validate(manifest)
        settings = settings_of(self.resource.spec.monitoring)
        self.service = Service(references={"r1": self.reference}, settings=settings)
        self.world = World(spec(**self.retraining), now=self.service.now)
        self.service.poll()
        self.see()

    @property
    def watch(self) -> Watch:
        """What is known."""
        return self.service.watch

    @property
    def jobs(self) -> list[str]:
        """TrainingJobs that were made, by name."""
        return self.world.jobs

    @property
    def told(self) -> list[str]:
        """All events of retraining."""
        return self.world.told

    @property
    def trigger(self) -> TriggerStatus | None:
        """The last one."""
        return self.world.memory.trigger

    @property
    def retrains(self) -> str:
        """Why a training runs, or why none does."""
        return self.conditions["Retraining"]

    def window(self, rows: Rows | Cells, *, hours: float = 24.0) -> None:
        """So many hours of rows at the pod that serves, up to the poll that may end a window, and the passes after."""
        pod = f"{self.service.stable}-a"
        if isinstance(rows, Cells):
            self.service.count(pod, rows)
        else:
            self.service.serve(pod, rows)
        self.service.poll(hours=hours)
        self.passes()

    def tell(self, labels: PodLabels) -> None:
        """Labels that the pod has received by the next poll."""
        self.service.labels[labels.pod] = labels

    def later(self, *, hours: float) -> None:
        """Nobody asks anything for so long."""
        self.service.poll(hours=hours)
        self.passes()

    def passes(self) -> None:
        """The pass that decides, and the one that reads what it wrote and makes the TrainingJob."""
        self.see()
        self.see()

    def see(self, **signs: object) -> Decision:
        """One pass."""
        self.world.now, stable = self.service.now, self.service.stable
        verdicts = verdicts_on(self.watch, self.resource, stable=stable)
        decision = self.world.see(verdicts=verdicts, **signs)
        said = (*sight_of(self.watch, self.resource, stable=stable, canary=None).said, decision.judgement)
        self.conditions = {one.type: f"{one.status}/{one.reason}" for one in said}
        return decision

    def restart(self) -> None:
        """The operator ends; the next one has what is written in the ConfigMap and in status."""
        again = Watch.from_data(self.watch.to_data())
        assert again is not None
        self.service.watch = again

    def promote(self, reference: Reference) -> None:
        """The version that the training brought serves now, on pods of its own."""
        names = [*self.service.references, f"r{len(self.service.references) + 1}"]
        self.service.references[names[-1]] = reference
        self.service.poll()
        self.service.stable = names[-1]
        self.service.counted = {}
        self.service.labels = {}
        self.service.poll()
        self.passes()
