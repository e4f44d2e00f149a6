"""What a pass carries from one status to the next: who plays which part, how far the rollout is, what was decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from leeboard.api.conditions import timestamp
from leeboard.api.inference_service import InferenceServiceStatus, Revision
from leeboard.api.reasons_inference_service import ServiceEvent, ServiceReason
from leeboard.api.rollout_status import (
    MAX_FAILED,
    MAX_HISTORY,
    FailedRevision,
    HistoryEntry,
    Pause,
    RequestStatus,
    RevisionOutcome,
    StepStatus,
)
from leeboard.planning.plan import Notice, NoticeType
from leeboard.planning.retraining.decision import Decision as Retrained

MAX_DRAINING = 8
"""With as many no further version is started. Status holds one more, so that a canary that is there can always go."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Why something was decided, and by whom; ``by`` is empty for what happened by itself."""

    reason: str
    message: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The parts of the revisions and the memory of the rollout, as of one pass.

    ``accepted_at`` is when the gateway was first seen to have accepted the split that is written; ``retrained`` is what
    was decided on a person's request of this pass to train again.
    """

    stable: Revision | None = None
    canary: Revision | None = None
    draining: tuple[Revision, ...] = ()
    previous: tuple[Revision, ...] = ()
    step: StepStatus | None = None
    paused: Pause | None = None
    request: RequestStatus | None = None
    failed: tuple[FailedRevision, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    accepted_at: str | None = None
    notices: tuple[Notice, ...] = ()
    retrained: Retrained | None = None

    @classmethod
    def of(cls, status: InferenceServiceStatus) -> State:
        """The state that a status tells."""
        return cls(
            stable=status.stable,
            canary=status.canary,
            draining=status.draining,
            previous=status.previous,
            step=status.step,
            paused=status.paused,
            request=status.request,
            failed=status.failed,
            history=status.history,
            accepted_at=status.traffic.accepted_at if status.traffic else None,
        )

    @property
    def known(self) -> tuple[Revision, ...]:
        """Every revision that has a part; the canary first, since a restart makes a second one of the same version."""
        serving = tuple(item for item in (self.canary, self.stable) if item is not None)
        return (*serving, *self.previous, *self.draining)

    @property
    def is_rolling_back(self) -> bool:
        """Whether the canary is a version before stable to which a person goes back."""
        failure = None if self.stable is None or self.canary is None else self.failure_of(self.stable)
        return failure is not None and failure.reason == ServiceReason.ROLLED_BACK

    def failure_of(self, revision: Revision) -> FailedRevision | None:
        """Why a revision is not started again by itself."""
        return next((item for item in self.failed if item.revision == revision.name), None)

    def telling(self, reason: str, message: str, *, kind: NoticeType = NoticeType.NORMAL) -> State:
        """The same state, and one event more."""
        return replace(self, notices=(*self.notices, Notice(kind, str(reason), message)))

    def drained(self, revision: Revision, *, now: datetime) -> State:
        """``revision`` finishes its requests and goes."""
        leaving = in_role(revision, now=now)
        return replace(self, draining=(*without(self.draining, revision), leaving))

    def remembering(self, revision: Revision, outcome: RevisionOutcome, why: Decision, *, now: datetime) -> State:
        """One line more of the history, the newest first."""
        entry = HistoryEntry(
            at=timestamp(now),
            outcome=outcome,
            version=revision.version,
            revision=revision.name,
            reason=why.reason,
            by=why.by,
            message=why.message,
        )
        return replace(self, history=(entry, *self.history)[:MAX_HISTORY])

    def failing(self, revision: Revision, why: Decision, *, now: datetime) -> State:
        """``revision`` is not started again by itself."""
        entry = FailedRevision(
            revision=revision.name,
            version=revision.version,
            reason=why.reason,
            message=why.message,
            at=timestamp(now),
        )
        return replace(self, failed=(entry, *self.forgiving(revision).failed)[:MAX_FAILED])

    def forgiving(self, revision: Revision) -> State:
        """``revision`` may be started again."""
        return replace(self, failed=tuple(item for item in self.failed if item.revision != revision.name))

    def without_canary(self) -> State:
        """No rollout is under way any more; what was asked of it has gone with it."""
        return replace(self, canary=None, step=None, paused=None)


def in_role(revision: Revision, *, now: datetime, keep_until: str | None = None) -> Revision:
    """``revision`` with a new part from now on."""
    return revision.model_copy(update={"since": timestamp(now), "keep_until": keep_until})


def without(revisions: tuple[Revision, ...], one: Revision) -> tuple[Revision, ...]:
    """All but the revision of that name."""
    return tuple(item for item in revisions if item.name != one.name)


EVENT_OF_OUTCOME = {
    RevisionOutcome.FIRST: ServiceEvent.FIRST_DEPLOYMENT,
    RevisionOutcome.PROMOTED: ServiceEvent.SWITCHED,
    RevisionOutcome.ROLLED_BACK: ServiceEvent.SWITCHED,
    RevisionOutcome.RESTARTED: ServiceEvent.SWITCHED,
    RevisionOutcome.ABORTED: ServiceEvent.ABORTED,
    RevisionOutcome.SUPERSEDED: ServiceEvent.SUPERSEDED,
}
