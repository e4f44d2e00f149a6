"""While the fingerprint pod is on its way, and when it ends badly."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.model_version import ModelVersionFacts, Needs, needs
from leeboard.planning.model_version.job import fingerprint_job
from leeboard.planning.plan import Create, Plan
from tests.support.builders_version import (
    DEFAULTS,
    NOW,
    ended,
    facts,
    following,
    job,
    model_version,
    planned,
    pod,
    status_of,
)
from tests.support.plans import message_of, said


def after(seconds: float) -> datetime:
    """So long after the Job's creation."""
    return datetime.fromisoformat("2026-11-21T11:59:00Z") + timedelta(seconds=seconds)


def broken(fetch: Manifest, main: Manifest | None = None, *, reason: str = "", attempt: int = 1) -> ModelVersionFacts:
    """Facts of a failed attempt."""
    ended_pod = pod("Failed", attempt=attempt, fetch=fetch, **(main or {"waiting": {"reason": "PodInitializing"}}))
    return facts(jobs=[job("Failed", reason=reason, attempt=attempt)], pods=[ended_pod])


def next_job(attempt: int) -> tuple[Create, ...]:
    return (Create(fingerprint_job(model_version(), DEFAULTS, attempt=attempt)),)


def test_a_running_attempt_asks_nothing_of_mlflow_and_settles() -> None:
    observed = facts(jobs=[job()], pods=[pod(fetch=ended(0), running={})])
    resource = following(model_version(), observed)

    assert planned(resource, observed, now=NOW + timedelta(hours=1)).status == resource.status
    assert message_of(planned(resource, observed)) == "the fingerprint pod loads the model"
    assert not isinstance(observed.jobs, Unknown)
    assert needs(resource, observed.jobs) == Needs()


def test_a_problem_is_told_at_once_and_stalls_at_the_deadline_until_it_is_gone() -> None:
    waiting = pod("Pending", fetch={"waiting": {"reason": "ErrImagePull", "message": "not found"}})
    observed = facts(jobs=[job()], pods=[waiting])

    first, late = planned(model_version(), observed, now=after(20)), planned(model_version(), observed, now=after(600))
    healed = planned(model_version(), facts(jobs=[job()], pods=[pod(running={})]), now=after(700))

    assert said(first)["Reconciling"] == "True/ImagePullBackOff"
    assert first.requeue_after == timedelta(seconds=580)
    assert said(late)["Stalled"] == "True/ImagePullBackOff"
    assert said(healed)["Stalled"] == "False/NotStalled"


PERMANENT = {
    "a model that is not there": (ended(2, reason="ModelNotFound", message="gone"), None, "ModelNotFound", "gone"),
    "a model that does not load": (
        ended(0),
        ended(2, reason="LoadFailed", message="no module"),
        "LoadFailed",
        "no module",
    ),
}


@pytest.mark.parametrize("ending", PERMANENT.values(), ids=PERMANENT)
def test_what_another_attempt_cannot_help_stalls_with_the_pods_own_reason(
    ending: tuple[Manifest, Manifest | None, str, str],
) -> None:
    fetch, main, reason, message = ending

    result = planned(model_version(), broken(fetch, main))

    assert said(result)["Stalled"] == f"True/{reason}"
    assert said(result)["Fingerprinted"] == f"False/{reason}"
    assert (message_of(result), result.writes) == (message, ())


def test_a_reason_that_is_no_word_is_not_taken_from_a_pod() -> None:
    result = planned(model_version(), broken(ended(0), ended(2, reason="drop table; --", message="x")))

    assert said(result)["Reconciling"] == "True/Retrying"


def test_a_termination_message_that_is_no_json_is_tried_again() -> None:
    torn = {"terminated": {"exitCode": 2, "reason": "Error", "message": "Traceback: ..."}}

    result = planned(model_version(), broken(ended(0), torn))

    assert message_of(result) == "attempt 1 failed: container fingerprint exited with code 2"


def test_a_pod_out_of_memory_is_told_so() -> None:
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}

    assert said(planned(model_version(), broken(ended(0), killed)))["Stalled"] == "True/ResourceExhausted"


def test_an_hour_is_enough() -> None:
    result = planned(model_version(), broken(ended(0), {"running": {}}, reason="DeadlineExceeded"))

    assert said(result)["Stalled"] == "True/FingerprintFailed"


TRANSIENT = {
    "an unreachable MLflow": broken(ended(75, reason="TrackingUnavailable", message="timed out")),
    "an eviction": broken(ended(0), ended(1), reason="PodFailurePolicy"),
    "an unknown exit code": broken(ended(0), ended(1)),
    "a pod that is gone": facts(jobs=[job("Failed")]),
}


@pytest.mark.parametrize("observed", TRANSIENT.values(), ids=TRANSIENT)
def test_what_may_pass_is_tried_again_as_the_next_attempt(observed: ModelVersionFacts) -> None:
    result = planned(model_version(), observed)

    assert result.writes == next_job(2)
    assert said(result)["Reconciling"] == "True/Retrying"
    assert [notice.type for notice in result.notices] == ["Warning"]


def test_the_newest_attempt_counts_and_the_third_is_the_last() -> None:
    old = [job("Failed", attempt=1), job("Failed", attempt=2)]
    lost = pod("Failed", attempt=3, fetch=ended(75, reason="TrackingUnavailable", message="timed out"))

    running = planned(model_version(), facts(jobs=[*old, job(attempt=3)], pods=[pod(attempt=3)]))
    last = planned(model_version(), facts(jobs=[*old, job("Failed", attempt=3)], pods=[lost]))

    assert (status_of(running).attempt, running.writes) == (3, ())
    assert said(last)["Stalled"] == "True/FingerprintFailed"
    assert message_of(last) == (
        "3 attempts failed; the last one: timed out. Next: delete the failed Jobs to try again."
    )


def test_the_number_of_the_attempt_survives_its_jobs() -> None:
    resource = following(model_version(), facts(jobs=[job(attempt=2)], pods=[pod(attempt=2)]))

    assert resource.status.attempt == 2
    assert needs(resource) == Needs(version=True, registered=True)


def test_a_refused_next_attempt_is_not_repeated_at_once() -> None:
    rejection = Rejection(403, "exceeded quota", "Job", "any", 1)

    result = planned(model_version(), facts(jobs=[job("Failed")], rejections=(rejection,)))

    assert (said(result)["Reconciling"], result.writes) == ("True/QuotaExceeded", ())


def test_the_pods_end_is_waited_for_when_the_cache_saw_the_jobs_first() -> None:
    observed = facts(jobs=[job("Failed")], pods=[pod(running={})])

    waiting = planned(model_version(), observed, now=after(40))
    over = planned(model_version(), observed, now=after(120))

    assert waiting == Plan(requeue_after=timedelta(seconds=2))
    assert over.writes == next_job(2)


def test_unknown_children_change_nothing() -> None:
    nothing = Plan(requeue_after=timedelta(seconds=2))

    assert planned(model_version(), ModelVersionFacts(jobs=Unknown("barrier"))) == nothing
    assert planned(model_version(), ModelVersionFacts(jobs=facts(jobs=[job()]).jobs, pods=Unknown("x"))) == nothing
