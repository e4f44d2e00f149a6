"""One pass: what is applied, in which order, and what each error means for the next one."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from leeboard.api.names import Kind
from leeboard.api.resource import Metadata
from leeboard.api.training_job import TrainingJobStatus
from leeboard.errors import (
    AlreadyExistsError,
    ConflictError,
    LeeboardError,
    NotLeaderError,
    PermanentError,
    RejectedError,
    TransientError,
)
from leeboard.planning.actions import ClaimModel
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import Create, Notice, NoticeType, Plan
from leeboard.reconciler.loop import Outcome, Verdict, reconcile
from tests.unit.reconciler.passes import KEY, REF, job, stage

TOLD = Notice(NoticeType.NORMAL, "Told", "It was told.")
STATUS = TrainingJobStatus(phase="Running", observed_generation=1)


@dataclass
class Outside:
    """Somebody who writes down what is offered."""

    heard: list[tuple[Kind, str, Notice]] = field(default_factory=list)

    def offer(self, kind: Kind, metadata: Metadata, notice: Notice) -> None:
        self.heard.append((kind, metadata.name, notice))


async def test_a_plan_is_applied_as_writes_actions_status_and_notices_and_looked_at_again_at_once() -> None:
    plan = Plan(status=STATUS, writes=(Create(job()),), actions=(ClaimModel("loan"),), notices=(TOLD,))
    scene = stage(plan)

    verdict = await reconcile(KEY, scene.world)

    assert verdict == Verdict(Outcome.CHANGED, at_once=True)
    assert scene.cluster.written == [Create(job())]
    assert list(scene.tracking.models) == ["loan"]
    assert scene.stored["status"] == STATUS.to_json()
    assert scene.cluster.notices == [TOLD]


async def test_every_notice_is_offered_to_those_outside_the_cluster() -> None:
    scene = stage(Plan(status=STATUS, notices=(TOLD,)))
    outside = Outside()

    await reconcile(KEY, replace(scene.world, messages=outside))

    assert outside.heard == [(KEY.kind, "train", TOLD)]


async def test_a_status_that_is_there_already_is_not_written_again() -> None:
    scene = stage(Plan(status=STATUS, requeue_after=timedelta(seconds=30)))
    first = await reconcile(KEY, scene.world)

    verdict = await reconcile(KEY, scene.world)

    assert first == Verdict(Outcome.CHANGED, at_once=True, after_seconds=30)
    assert verdict == Verdict(Outcome.SETTLED, after_seconds=30)
    assert scene.cluster.statuses == [STATUS.to_json()]


async def test_a_status_loses_what_the_new_one_does_not_say() -> None:
    scene = stage(Plan(status=STATUS), Plan(status=TrainingJobStatus(observed_generation=1)))
    await reconcile(KEY, scene.world)

    await reconcile(KEY, scene.world)

    assert "phase" not in scene.stored["status"]


async def test_a_resource_that_is_gone_is_forgotten() -> None:
    scene = stage(Plan())
    del scene.cluster.objects[REF]

    assert await reconcile(KEY, scene.world) == Verdict(Outcome.GONE)
    assert scene.kind.seen == []


async def test_a_stored_object_that_cannot_be_read_is_told_and_left() -> None:
    scene = stage(Plan())
    del scene.stored["spec"]["model"]

    assert await reconcile(KEY, scene.world) == Verdict(Outcome.UNREADABLE)
    assert [notice.reason for notice in scene.cluster.notices] == ["UnreadableObject"]


BACK_OFF = {
    "a lost race": (ConflictError("stale"), Outcome.CONFLICT),
    "a server that is down": (TransientError("503"), Outcome.TRANSIENT),
    "a shut gate": (NotLeaderError("shut"), Outcome.NOT_LEADER),
    "a permanent error": (PermanentError("405"), Outcome.FAILED),
}


@pytest.mark.parametrize(("error", "outcome"), BACK_OFF.values(), ids=BACK_OFF.keys())
async def test_a_write_that_fails_ends_the_pass_without_status_and_notices(
    error: LeeboardError, outcome: Outcome
) -> None:
    scene = stage(Plan(status=STATUS, writes=(Create(job()),), notices=(TOLD,)))
    scene.cluster.failures = [error]

    assert await reconcile(KEY, scene.world) == Verdict(outcome, back_off=True)
    assert scene.cluster.statuses == []
    assert scene.cluster.notices == []


async def test_an_action_that_fails_ends_the_actions_but_the_status_is_told() -> None:
    scene = stage(Plan(status=STATUS, actions=(ClaimModel("loan"), ClaimModel("churn"))))
    scene.tracking.is_down = True

    assert await reconcile(KEY, scene.world) == Verdict(Outcome.TRANSIENT, back_off=True)
    assert scene.cluster.statuses == [STATUS.to_json()]


async def test_a_refused_write_is_a_fact_of_the_next_pass_and_nothing_else_of_the_plan_is_done() -> None:
    scene = stage(Plan(status=STATUS, writes=(Create(job()), Create(job("second")))), Plan())
    scene.cluster.failures = [RejectedError(422, "spec.image: Required value")]

    assert await reconcile(KEY, scene.world) == Verdict(Outcome.REJECTED, at_once=True)
    assert scene.cluster.written == []
    assert scene.cluster.statuses == []
    assert await reconcile(KEY, scene.world) == Verdict(Outcome.SETTLED, after_seconds=60)
    assert scene.kind.seen == [(), (Rejection(422, "spec.image: Required value", "Job", "job", 1),)]


async def test_an_invalid_write_is_tried_again_for_a_new_generation() -> None:
    scene = stage(Plan(writes=(Create(job()),)), Plan())
    scene.cluster.failures = [RejectedError(422, "invalid")]
    await reconcile(KEY, scene.world)
    scene.stored["metadata"]["generation"] = 2

    await reconcile(KEY, scene.world)

    assert scene.kind.seen == [(), ()]


async def test_a_taken_name_is_a_rejection_while_the_stranger_is_there() -> None:
    scene = stage(Plan(writes=(Create(job()),)), Plan())
    stranger = scene.cluster.put(job())
    scene.cluster.failures = [AlreadyExistsError("job already exists")]
    await reconcile(KEY, scene.world)
    await reconcile(KEY, scene.world)
    for ref in [
        ref for ref, item in scene.cluster.objects.items() if item["metadata"]["uid"] == stranger["metadata"]["uid"]
    ]:
        del scene.cluster.objects[ref]

    await reconcile(KEY, scene.world)

    assert scene.kind.seen == [(), (Rejection(409, "job already exists", "Job", "job", 1),), ()]
