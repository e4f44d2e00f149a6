"""From a latched fingerprint to a profile, or to the reason why there is none; the version serves either way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Label
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.model_version import ModelVersionFacts, Needs, needs
from leeboard.planning.model_version.profile_job import Task, profile_job
from leeboard.planning.plan import Create, Delete, Plan
from tests.support.builders_version import (
    CREATED,
    DEFAULTS,
    NOW,
    TAGS,
    TEXT,
    UID,
    ended,
    facts,
    finished_pod,
    following,
    job,
    model_version,
    observed,
    planned,
    status_of,
)
from tests.support.plans import said

LOGGED = Reference(artifact="reference.csv")
KEPT: dict[str, object] = {
    "uri": "runs:/run-1/leeboard/profile-0123456789abcdef.json",
    "digest": f"sha256:{'a' * 64}",
    "bytes": 20000,
    "rows": 8000,
    "features": 7,
    "monitored": 6,
}


def fingerprinted() -> ModelVersion:
    return following(model_version(), observed(tags=TAGS))


def referring(reference: Reference) -> ModelVersion:
    """The same version with a spec that names its reference, seen as the API server counts it."""
    return with_reference(fingerprinted(), reference)


def with_reference(resource: ModelVersion, reference: Reference) -> ModelVersion:
    generation = resource.metadata.generation + 1
    return resource.model_copy(
        update={
            "spec": resource.spec.model_copy(update={"reference": reference}),
            "metadata": resource.metadata.model_copy(update={"generation": generation}),
        }
    )


def a_job(
    resource: ModelVersion, condition: str | None = None, *, attempt: int = 1, reference: Reference = LOGGED
) -> Manifest:
    """The profile Job of an attempt as the API server shows it."""
    assert resource.status.artifact is not None
    manifest = profile_job(Task(resource, resource.status.artifact, reference, DEFAULTS, attempt))
    found = {"type": condition, "status": "True", "reason": "", "lastTransitionTime": "2026-11-21T11:59:30Z"}
    metadata = {**manifest["metadata"], "uid": f"profile-{attempt}", "creationTimestamp": CREATED}
    return {**manifest, "metadata": metadata, "status": {"conditions": [found]} if condition else {"active": 1}}


def a_pod(of: Manifest, phase: str = "Running", **containers: Manifest) -> Manifest:
    """Its pod, with the states of its containers."""
    spec = of["spec"]["template"]["spec"]
    known = {item["name"]: {"name": item["name"], "state": containers.get(item["name"], {})} for item in
             (*spec["initContainers"], *spec["containers"])}  # fmt: skip
    return {
        "metadata": {
            "name": f"{of['metadata']['name']}-x",
            "namespace": "credit",
            "labels": of["spec"]["template"]["metadata"]["labels"],
            "creationTimestamp": CREATED,
        },
        "spec": spec,
        "status": {
            "phase": phase,
            "initContainerStatuses": [known[item["name"]] for item in spec["initContainers"]],
            "containerStatuses": [known["upload"]],
        },
    }


def built(resource: ModelVersion, **changes: object) -> ModelVersionFacts:
    """The Job ended well, and its last container said ``KEPT``."""
    done = a_job(resource, "Complete")
    return facts(jobs=[job("Complete"), done], pods=[a_pod(done, "Succeeded", upload=ended(0, **{**KEPT, **changes}))])


def failed(resource: ModelVersion, *, attempt: int = 1, **containers: Manifest) -> ModelVersionFacts:
    """The Jobs of all attempts so far failed, the last one as ``containers`` say."""
    jobs = [a_job(resource, "Failed", attempt=number) for number in range(1, attempt + 1)]
    return facts(jobs=jobs, pods=[a_pod(jobs[-1], "Failed", **containers)])


def message_of(result: Plan, kind: ConditionType = ConditionType.PROFILE_READY) -> str:
    found = condition_of(status_of(result).conditions, kind)
    assert found is not None
    return found.message


def test_a_run_without_reference_leaves_a_ready_version_that_says_so() -> None:
    result = planned(fingerprinted(), facts(reference=None))

    assert (said(result)["Ready"], said(result)["Approved"]) == ("True/Ready", "True/Automatic")
    assert said(result)["ProfileReady"] == "False/NoReference"
    assert "run-1" in message_of(result)
    assert [(notice.type, notice.reason) for notice in result.notices] == [
        ("Normal", "NoReference"),
        ("Normal", "Ready"),
    ]


def test_mlflow_is_asked_only_where_the_spec_names_no_reference() -> None:
    assert needs(fingerprinted()) == Needs(reference=True)
    assert needs(referring(LOGGED)) == Needs()


def test_an_unreachable_mlflow_is_waited_for() -> None:
    result = planned(fingerprinted(), facts(reference=Unknown("down")))

    assert said(result)["ProfileReady"] == "Unknown/TrackingUnavailable"
    assert said(result)["Approved"] == "Unknown/WaitsForProfile"
    assert (result.writes, result.requeue_after) == ((), timedelta(seconds=15))


def test_a_logged_reference_starts_the_first_attempt() -> None:
    resource = fingerprinted()
    result = planned(resource, facts(reference=LOGGED))

    (create,) = result.writes
    assert isinstance(create, Create)
    assert create.manifest == {key: value for key, value in a_job(resource).items() if key != "status"} | {
        "metadata": create.manifest["metadata"]
    }
    assert said(result)["ProfileReady"] == "Unknown/Profiling"
    assert said(result)["Ready"] == "False/Profiling"


def test_only_the_containers_around_the_one_that_loads_the_model_have_credentials() -> None:
    resource = fingerprinted()
    assert resource.status.artifact is not None
    defaults = replace(DEFAULTS, credentials_secret="mlflow-login")

    manifest = profile_job(Task(resource, resource.status.artifact, LOGGED, defaults, 1))

    spec = manifest["spec"]["template"]["spec"]
    containers = [*spec["initContainers"], *spec["containers"]]
    login = [{"secretRef": {"name": "mlflow-login", "optional": True}}]
    assert [(item["name"], item.get("envFrom")) for item in containers] == [
        ("reference", login),
        ("fetch", login),
        ("profile", None),
        ("upload", login),
    ]
    assert [item["name"] for item in containers[2]["env"]] == ["HOME"]
    assert spec["automountServiceAccountToken"] is False


def test_the_container_that_uploads_shares_only_the_profile_with_the_one_that_loads_the_model() -> None:
    spec = a_job(fingerprinted())["spec"]["template"]["spec"]
    volumes = {
        item["name"]: {(mount["name"], mount.get("readOnly", False)) for mount in item["volumeMounts"]}
        for item in (*spec["initContainers"], *spec["containers"])
    }

    assert volumes["upload"] == {("leeboard-profile", True), ("leeboard-upload-tmp", False)}
    assert volumes["profile"] == {
        ("leeboard-model", True),
        ("leeboard-reference", True),
        ("leeboard-profile", False),
        ("leeboard-tmp", False),
    }


def test_everything_that_the_spec_says_of_the_reference_reaches_its_container() -> None:
    reference = Reference(
        uri="https://data.example/rows?v=$(HOME)", format="CSV", time_column="t", target="y", redact=("name", "a b")
    )
    spec = a_job(referring(reference), reference=reference)["spec"]["template"]["spec"]
    arguments = {item["name"]: item["args"] for item in spec["initContainers"]}

    assert arguments["reference"][1] == "--reference-uri=https://data.example/rows?v=$$(HOME)"
    assert arguments["profile"][6:] == [
        "--source=https://data.example/rows?v=$$(HOME)",
        "--profile=/mnt/profile/profile.json",
        "--format=CSV",
        "--time-column=t",
        "--target=y",
        '--redact=["name", "a b"]',
    ]


def test_what_was_kept_is_latched_and_the_version_is_ready() -> None:
    resource = fingerprinted()
    result = planned(resource, built(resource))

    assert status_of(result).to_json()["profile"] == KEPT
    assert (said(result)["ProfileReady"], said(result)["Ready"]) == ("True/Profiled", "True/Ready")
    assert message_of(result) == "8000 rows; 6 of 7 inputs are counted"
    latched = resource.model_copy(update={"status": status_of(result)})
    assert needs(latched) == Needs()
    assert planned(latched, facts()).status == latched.status


TORN = {
    "the pod is gone": lambda resource: facts(jobs=[a_job(resource, "Complete")]),
    "the message is not one": lambda resource: built(resource, digest="nothing"),
}


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN)
def test_a_message_that_was_lost_is_had_again_from_the_same_rows(torn: object) -> None:
    resource = fingerprinted()
    assert callable(torn)

    (create,) = planned(resource, torn(resource)).writes

    assert isinstance(create, Create)
    assert create.manifest["metadata"]["labels"][Label.ATTEMPT] == "2"
    assert create.manifest["spec"] == {**a_job(resource, attempt=2)["spec"]}


def test_what_fails_for_good_is_told_and_the_version_is_ready() -> None:
    resource = fingerprinted()
    short = ended(2, reason="ReferenceTooSmall", message="the reference has 5 rows")

    result = planned(resource, failed(resource, profile=short))

    assert (said(result)["ProfileReady"], said(result)["Ready"]) == ("False/ReferenceTooSmall", "True/Ready")
    assert message_of(result).startswith("the reference has 5 rows. Next: set or correct spec.reference")
    assert [(notice.type, notice.reason) for notice in result.notices] == [
        ("Warning", "ReferenceTooSmall"),
        ("Normal", "Ready"),
    ]


def test_what_may_pass_is_tried_three_times() -> None:
    resource, away = fingerprinted(), ended(75, reason="TrackingUnavailable", message="timed out")

    results = [planned(resource, failed(resource, attempt=attempt, fetch=away)) for attempt in (1, 2, 3)]

    assert [said(result)["ProfileReady"] for result in results] == [
        "Unknown/Retrying",
        "Unknown/Retrying",
        "False/ProfileFailed",
    ]
    assert [len(result.writes) for result in results] == [1, 1, 0]


def test_a_job_that_does_not_tell_its_rows_any_more_ends_the_attempts() -> None:
    resource = fingerprinted()
    found = failed(resource, fetch=ended(75))
    assert not isinstance(found.jobs, Unknown)
    found.jobs.items[0]["metadata"]["annotations"] = None

    result = planned(resource, found)

    assert (said(result)["ProfileReady"], result.writes) == ("False/ProfileFailed", ())


def test_a_pod_that_never_starts_is_given_up_at_the_start_deadline_and_its_job_goes() -> None:
    resource = fingerprinted()
    stuck = a_job(resource)
    pod = a_pod(stuck, "Pending")
    pod["status"]["conditions"] = [{"type": "PodScheduled", "reason": "Unschedulable", "message": "no node"}]
    found = facts(jobs=[stuck], pods=[pod])

    early = planned(resource, found)
    late = planned(resource, found, now=NOW + DEFAULTS.start_deadline)
    after = planned(resource.model_copy(update={"status": status_of(late)}), found)

    assert (said(early)["ProfileReady"], said(late)["ProfileReady"]) == ("Unknown/Unschedulable", "False/Unschedulable")
    assert [type(write) for write in after.writes] == [Delete]


REFUSALS = {
    "a quota": (Rejection(403, "exceeded quota: pods", "Job", "x", 1), "Unknown/QuotaExceeded"),
    "a policy": (Rejection(403, "denied", "Job", "x", 1), "Unknown/Denied"),
    "a name that is taken": (Rejection(409, "exists", "Job", "x", 1), "False/NameConflict"),
    "an invalid Job": (Rejection(422, "invalid", "Job", "x", 1), "False/Rejected"),
}


@pytest.mark.parametrize(("rejection", "told"), REFUSALS.values(), ids=REFUSALS)
def test_a_refused_job_is_told(rejection: Rejection, told: str) -> None:
    result = planned(fingerprinted(), facts(reference=LOGGED, rejections=(rejection,)))

    assert (said(result)["ProfileReady"], result.writes) == (told, ())


def test_a_reference_that_comes_later_builds_the_profile_while_the_version_stays_approved() -> None:
    without = following(fingerprinted(), facts(reference=None))
    later = with_reference(without, LOGGED)

    result = planned(later, facts())

    assert needs(later) == Needs()
    assert len(result.writes) == 1
    assert said(result) == {
        "Ready": "True/Ready",
        "Reconciling": "False/Settled",
        "Stalled": "False/NotStalled",
        "Fingerprinted": "True/Fingerprinted",
        "Approved": "True/Automatic",
        "ProfileReady": "Unknown/Profiling",
    }


def test_a_corrected_reference_starts_anew_beside_the_attempts_with_the_old_one() -> None:
    wrong = following(referring(Reference(uri="https://data.example/wrong.csv")), facts())
    missing = ended(2, reason="ReferenceNotFound", message="404")
    given_up = following(wrong, failed(wrong, reference=missing))
    corrected = with_reference(given_up, LOGGED)
    old = failed(wrong, reference=missing)

    (create,) = planned(corrected, old).writes

    assert isinstance(create, Create)
    assert create.manifest["metadata"]["name"] != a_job(wrong)["metadata"]["name"]
    assert create.manifest["metadata"]["labels"][Label.ATTEMPT] == "1"
    assert create.manifest["metadata"]["labels"][Label.TASK] != a_job(wrong)["metadata"]["labels"][Label.TASK]


def test_another_change_of_the_spec_keeps_the_attempt_that_is_under_way() -> None:
    resource = fingerprinted()
    running = a_job(resource)
    metadata = resource.metadata.model_copy(update={"generation": 2})
    edited = resource.model_copy(
        update={"metadata": metadata, "spec": resource.spec.model_copy(update={"approval": "Manual"})}
    )

    result = planned(edited, facts(jobs=[running], pods=[a_pod(running)]))

    assert (result.writes, said(result)["ProfileReady"]) == ((), "Unknown/Profiling")


def test_a_profile_is_never_replaced() -> None:
    resource = fingerprinted()
    done = following(resource, built(resource))
    again = with_reference(done, LOGGED)

    assert needs(again) == Needs()
    assert planned(again, facts()).writes == ()


def test_pods_of_fingerprint_and_profile_are_not_confused() -> None:
    resource = fingerprinted()
    running = a_job(resource)
    found = facts(jobs=[job("Complete"), running], pods=[finished_pod(TEXT), a_pod(running, profile={"running": {}})])

    result = planned(resource, found)

    assert said(result)["ProfileReady"] == "Unknown/Profiling"
    assert message_of(result) == "the profile pod builds the profile"
    assert running["metadata"]["labels"][Label.UID] == UID
