"""When to look again although nothing may have happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from leeboard.planning.inference_service import evidence
from leeboard.planning.inference_service.blocks import NAME_TAKEN
from leeboard.planning.inference_service.removals import removal_due
from leeboard.planning.inference_service.scene import SETTLING
from leeboard.planning.inference_service.writes import Stage, repair_due

LOOK_AGAIN = timedelta(seconds=1)
"""How soon to look again when the cache lags behind our own write, or a draining pod still has an endpoint."""
CONFLICT_RETRY = timedelta(minutes=1)
SETTLING_RETRY = SETTLING + timedelta(milliseconds=50)


def appointments(stage: Stage, *, is_measured: bool) -> Iterator[timedelta]:
    """When to look again although nothing may have happened."""
    state, now = stage.state, stage.scene.now
    for revision in state.draining:
        yield max(removal_due(revision) - now, LOOK_AGAIN)
    for revision in state.previous:
        if revision.keep_until is not None:
            yield max(datetime.fromisoformat(revision.keep_until) - now, LOOK_AGAIN)
    if any(item.code == NAME_TAKEN for item in stage.rejections):
        yield CONFLICT_RETRY
    repair = repair_due(stage)
    if repair is not None:
        yield max(repair - now, LOOK_AGAIN)
    if state.accepted_at is not None and not stage.routing.is_in_force:
        yield SETTLING_RETRY
    if is_measured:
        yield evidence.POLL_INTERVAL
    if state.step is not None and state.step.ends_at is not None:
        yield max(datetime.fromisoformat(state.step.ends_at) - now, LOOK_AGAIN)
