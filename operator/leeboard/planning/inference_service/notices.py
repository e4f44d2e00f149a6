"""Events on the two facts whose change a person wants to hear of: it does not go on, it does not answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement, condition_of
from leeboard.api.inference_service import InferenceServiceStatus
from leeboard.api.reasons_inference_service import ServiceEvent
from leeboard.planning.monitoring.judgements import turns
from leeboard.planning.plan import Notice, NoticeType


def flips(before: InferenceServiceStatus, said: Sequence[Judgement]) -> Iterator[Notice]:
    """One event for each fact that changed since the last status; nothing when it said the same already."""
    for judgement in said:
        match judgement.type:
            case ConditionType.STALLED:
                yield from _stalled(before, judgement)
            case ConditionType.SERVING:
                yield from _serving(before, judgement)
            case _:
                continue
    yield from turns(before.conditions, said)


def _stalled(before: InferenceServiceStatus, now: Judgement) -> Iterator[Notice]:
    """It began to stall, or for another reason than before."""
    old = condition_of(before.conditions, ConditionType.STALLED)
    same = old is not None and (old.status, old.reason) == (now.status, now.reason)
    if now.status is ConditionStatus.TRUE and not same:
        reason = now.reason if before.canary is None else ServiceEvent.CANARY_FAILED
        message = now.message if before.canary is None else f"{now.reason}: {now.message}"
        yield Notice(NoticeType.WARNING, reason, message)


def _serving(before: InferenceServiceStatus, now: Judgement) -> Iterator[Notice]:
    """A service that answered once stopped to, or does again."""
    old = condition_of(before.conditions, ConditionType.SERVING)
    if before.stable is None or old is None or old.status == now.status:
        return
    if now.status is ConditionStatus.TRUE:
        yield Notice(NoticeType.NORMAL, ServiceEvent.SERVING_AGAIN, now.message)
    elif now.status is ConditionStatus.FALSE:
        yield Notice(NoticeType.WARNING, ServiceEvent.STOPPED_SERVING, now.message)
