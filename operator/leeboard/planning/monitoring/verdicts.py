"""What the decision to train again is told of the version that serves; the canary's verdicts are not."""

from __future__ import annotations

from leeboard.api.monitoring_status import (
    DriftStatus,
    DriftVerdict,
    PerformanceStatus,
    PerformanceVerdict,
    QualityVerdict,
)
from leeboard.monitoring.watch import Report
from leeboard.planning.facts import Unknown
from leeboard.planning.monitoring.judgements import faults_of, lacks_labels, loss_of, sentence_of
from leeboard.planning.retraining.signs import Finding, NotYet, Verdicts

NO_LABELS = (
    "labels are needed to see a loss, and none are taken. Next: set spec.monitoring.labels, or choose mode DriftOnly"
)


def verdicts_of(report: Report, *, takes_labels: bool) -> Verdicts:
    """A verdict that could not be given is Unknown, never "no drift"."""
    drift, quality = report.drift, report.quality
    is_mismatch = drift is not None and drift.verdict is DriftVerdict.REFERENCE_MISMATCH
    is_broken = quality is not None and quality.verdict is QualityVerdict.BROKEN
    return Verdicts(
        drift=_drift(drift),
        performance=_performance(report.performance) if takes_labels else NotYet(NO_LABELS),
        veto=faults_of(quality) if quality is not None and is_broken else None,
        mismatch=sentence_of(drift) if drift is not None and is_mismatch else None,
        healthy_at=report.healthy_at,
    )


def _performance(found: PerformanceStatus | None) -> Finding | NotYet | None:
    if found is None:
        return NotYet("labels are needed to see a loss, and none have ripened yet")
    if found.verdict is PerformanceVerdict.WORSE:
        return Finding(found.until, loss_of(found))
    return NotYet(f"labels are needed to see a loss: {loss_of(found)}") if lacks_labels(found) else None


def _drift(drift: DriftStatus | None) -> Finding | Unknown | None:
    if drift is None:
        return Unknown("no window has ended yet")
    match drift.verdict:
        case DriftVerdict.DRIFT | DriftVerdict.REFERENCE_MISMATCH:  # of a mismatch a guard says why not
            return Finding(drift.until, sentence_of(drift))
        case DriftVerdict.STABLE | DriftVerdict.SUSPECTED:
            return None
        case _:
            return Unknown(sentence_of(drift))
