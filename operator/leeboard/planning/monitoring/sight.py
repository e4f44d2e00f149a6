"""What is reported of the rows of a service: stable's verdicts, and the canary's apart."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.conditions import Judgement
from leeboard.api.inference_service import InferenceServiceStatus
from leeboard.api.monitoring_status import DriftStatus, QualityStatus
from leeboard.monitoring.watch import Report, Watch
from leeboard.planning.facts import Unknown
from leeboard.planning.monitoring.judgements import judgements, kept
from leeboard.planning.monitoring.verdicts import verdicts_of
from leeboard.planning.retraining.signs import Verdicts


@dataclass(frozen=True, slots=True)
class Sight:
    """The parts of the status, and the conditions."""

    drift: DriftStatus | None = None
    canary_drift: DriftStatus | None = None
    quality: QualityStatus | None = None
    said: tuple[Judgement, ...] = ()


def sight_of(watch: Watch | None, before: InferenceServiceStatus, *, stable: str | None, canary: str | None) -> Sight:
    """As it was before until somebody has looked; nothing where nothing is counted."""
    if watch is None:
        return Sight(before.drift, before.canary_drift, before.quality, tuple(kept(before.conditions)))
    ahead = Report() if canary is None else watch.reports.get(canary, Report())
    if stable is None or stable not in watch.memory.windows.revisions:
        return Sight(canary_drift=ahead.drift)
    if not _knows(watch, stable):
        return Sight(before.drift, ahead.drift, before.quality, tuple(kept(before.conditions)))
    report = watch.reports.get(stable, Report())
    return Sight(report.drift, ahead.drift, report.quality, judgements(report))


def verdicts_on(watch: Watch | None, stable: str | None) -> Verdicts | Unknown:
    """What retraining is told: never what was counted while the version was a canary."""
    if stable is None:
        return Unknown("nothing serves yet")
    if watch is None:
        return Unknown("the pods were not asked yet")
    if stable not in watch.memory.windows.revisions:
        return Unknown("rows are not counted: the condition Monitored says why")
    if not _knows(watch, stable):
        return Unknown("the version has just become stable")
    return verdicts_of(watch.reports.get(stable, Report()))


def _knows(watch: Watch, stable: str) -> bool:
    """Whether what is known was counted with this revision as stable."""
    return watch.was_stable[-1:] == (stable,)
