"""DriftDetected, DataQuality and PerformanceLost of the version that serves, and the events when they turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leeboard.api.conditions import Condition, ConditionStatus, ConditionType, Judgement, condition_of
from leeboard.api.monitoring_status import (
    DriftStatus,
    DriftVerdict,
    FeatureStatus,
    PerformanceStatus,
    PerformanceVerdict,
    QualityFault,
    QualityStatus,
    QualityVerdict,
    Standing,
)
from leeboard.api.reasons_monitoring import MonitoringEvent, MonitoringReason
from leeboard.monitoring.watch import Report
from leeboard.planning.plan import Notice, NoticeType

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
MAX_IN_SENTENCE = 5
CONDITIONS = (ConditionType.DRIFT_DETECTED, ConditionType.DATA_QUALITY, ConditionType.PERFORMANCE_LOST)


def judgements(report: Report, *, takes_labels: bool) -> tuple[Judgement, ...]:
    """The conditions, that on performance where labels are taken; what nothing was said of yet is Unknown."""
    said = (_drift(report.drift), _quality(report.quality))
    return (*said, _performance(report.performance)) if takes_labels else said


def unreadable(why: str, *, takes_labels: bool) -> tuple[Judgement, ...]:
    """The conditions of a version whose profile can never be read."""
    message = f"the profile of the version that serves cannot be read: {why}"
    kinds = CONDITIONS if takes_labels else CONDITIONS[:2]
    return tuple(
        Judgement(type=kind, status=UNKNOWN, reason=MonitoringReason.PROFILE_UNREADABLE, message=message)
        for kind in kinds
    )


def kept(conditions: Sequence[Condition]) -> Iterator[Judgement]:
    """The conditions as they were, while nobody has looked since this operator began."""
    for type_ in CONDITIONS:
        before = condition_of(conditions, type_)
        if before is not None:
            yield Judgement(type=type_, status=before.status, reason=before.reason, message=before.message)


def turns(before: Sequence[Condition], said: Sequence[Judgement]) -> Iterator[Notice]:
    """One event when the verdict turns to trouble, and one when that is over."""
    for judgement in said:
        old = condition_of(before, judgement.type)
        if old is not None and (old.status, old.reason) == (judgement.status, judgement.reason):
            continue
        notice = _turn(judgement, None if old is None else old.status)
        if notice is not None:
            yield notice


def _turn(judgement: Judgement, before: ConditionStatus | None) -> Notice | None:
    event, message = MonitoringEvent, judgement.message
    match judgement.type, judgement.status, judgement.reason:
        case ConditionType.DRIFT_DETECTED, ConditionStatus.TRUE, _:
            return Notice(NoticeType.WARNING, event.DRIFT_DETECTED, message)
        case ConditionType.DRIFT_DETECTED, _, DriftVerdict.REFERENCE_MISMATCH:
            return Notice(NoticeType.WARNING, event.REFERENCE_MISMATCH, message)
        case ConditionType.DRIFT_DETECTED, ConditionStatus.FALSE, _ if before is TRUE:
            return Notice(NoticeType.NORMAL, event.DRIFT_ENDED, message)
        case ConditionType.PERFORMANCE_LOST, ConditionStatus.TRUE, _:
            return Notice(NoticeType.WARNING, event.PERFORMANCE_LOST, message)
        case ConditionType.DATA_QUALITY, ConditionStatus.FALSE, _:
            return Notice(NoticeType.WARNING, event.DATA_BROKEN, message)
        case ConditionType.DATA_QUALITY, ConditionStatus.TRUE, _ if before is FALSE:
            return Notice(NoticeType.NORMAL, event.DATA_GOOD_AGAIN, message)
        case _:
            return None


def _drift(drift: DriftStatus | None) -> Judgement:
    kind = ConditionType.DRIFT_DETECTED
    if drift is None:
        message = "no window has ended yet"
        return Judgement(type=kind, status=UNKNOWN, reason=MonitoringReason.NO_WINDOW_YET, message=message)
    match drift.verdict:
        case DriftVerdict.DRIFT:
            status = TRUE
        case DriftVerdict.STABLE | DriftVerdict.SUSPECTED:
            status = FALSE
        case _:
            status = UNKNOWN
    return Judgement(type=kind, status=status, reason=drift.verdict, message=sentence_of(drift))


def sentence_of(drift: DriftStatus) -> str:
    """What the verdict rests on, with numbers."""
    window = f"{drift.rows} rows of version {drift.version} from {drift.since} to {drift.until}"
    match drift.verdict:
        case DriftVerdict.DRIFT:
            return f"{_named(drift, drift.drifted)} drifted in 3 of 4 windows since {drift.drift_since}; {window}"
        case DriftVerdict.REFERENCE_MISMATCH:
            what = _named(drift, drift.mismatched)
            return f"{what} never fitted the reference, so nothing can be learnt from the difference; {window}"
        case DriftVerdict.SUSPECTED:
            odd = tuple(item.name for item in drift.features if item.standing in {Standing.WARNED, Standing.DRIFTED})
            return f"{_named(drift, odd) or 'an earlier window'} is odd, in too few windows or too little; {window}"
        case DriftVerdict.STABLE:
            return f"nothing differs from the reference; {window}"
        case DriftVerdict.REFERENCE_TOO_SMALL:
            return f"the reference has too few rows to compare with; {window}"
        case DriftVerdict.INSUFFICIENT_DATA:
            return f"too few rows to judge; {window}"
        case DriftVerdict.NO_DATA:
            return f"no rows; {window}"


def _named(drift: DriftStatus, names: Sequence[str]) -> str:
    sizes = {item.name: item for item in drift.features}
    said = ", ".join(_with_size(name, sizes.get(name)) for name in names[:MAX_IN_SENTENCE])
    return said if len(names) <= MAX_IN_SENTENCE else f"{said} and {len(names) - MAX_IN_SENTENCE} more"


def _with_size(name: str, feature: FeatureStatus | None) -> str:
    return name if feature is None or feature.psi is None else f"{name} (PSI {feature.psi})"


def _quality(quality: QualityStatus | None) -> Judgement:
    kind = ConditionType.DATA_QUALITY
    if quality is None:
        message = "no window has ended yet"
        return Judgement(type=kind, status=UNKNOWN, reason=MonitoringReason.NO_WINDOW_YET, message=message)
    match quality.verdict:
        case QualityVerdict.GOOD | QualityVerdict.SUSPICIOUS:
            status = TRUE
        case QualityVerdict.BROKEN:
            status = FALSE
        case _:
            status = UNKNOWN
    return Judgement(type=kind, status=status, reason=quality.verdict, message=faults_of(quality))


def faults_of(quality: QualityStatus) -> str:
    """What is wrong, and of which rows."""
    window = f"{quality.rows} rows of version {quality.version} from {quality.since} to {quality.until}"
    if not quality.faults:
        return window
    said = ", ".join(_fault(item) for item in quality.faults[:MAX_IN_SENTENCE])
    return f"{said}; {window}"


def _fault(fault: QualityFault) -> str:
    numbers = "" if fault.share is None else f" in {fault.share} of the rows, usually {fault.usual}"
    return f"{fault.feature}: {fault.fault}{numbers}"


def _performance(found: PerformanceStatus | None) -> Judgement:
    kind = ConditionType.PERFORMANCE_LOST
    if found is None:
        message = "no labels have ripened yet"
        return Judgement(type=kind, status=UNKNOWN, reason=MonitoringReason.LABELS_NEEDED, message=message)
    if found.verdict is PerformanceVerdict.WORSE:
        return Judgement(type=kind, status=TRUE, reason=found.verdict, message=loss_of(found))
    if lacks_labels(found):
        return Judgement(type=kind, status=UNKNOWN, reason=MonitoringReason.LABELS_NEEDED, message=loss_of(found))
    return Judgement(type=kind, status=FALSE, reason=found.verdict, message=loss_of(found))


def lacks_labels(found: PerformanceStatus) -> bool:
    """Whether more labels could still show a loss that these do not."""
    if found.verdict is PerformanceVerdict.TOO_FEW_LABELS:
        return True
    return found.needed is None or found.labels < found.needed


def loss_of(found: PerformanceStatus) -> str:
    """The metric beside the reference's, and how many labels a loss would need to be seen."""
    value = "unknown" if found.value is None else found.value
    said = (
        f"{found.metric} {value}, on the reference {found.reference}; {found.labels} labels of version {found.version}"
    )
    if found.needed is None:
        return f"{said}; no number of them would show a loss, the reference has too few"
    return f"{said}, {found.needed} show a loss" if lacks_labels(found) else said
