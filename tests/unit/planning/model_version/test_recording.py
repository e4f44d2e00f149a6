"""From a pod that ended well to a latched fingerprint."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leeboard.api.names import Tag
from leeboard.planning.actions import TagVersion, UploadText
from leeboard.planning.facts import Unknown
from leeboard.planning.model_version import ModelVersionFacts, Needs, needs
from leeboard.planning.model_version.job import fingerprint_job
from leeboard.planning.plan import Create, Delete, JsonPatch, ObjectRef, Plan
from tests.support.builders_version import (
    DEFAULTS,
    DIGEST,
    DONE,
    NOW,
    TAGS,
    TEXT,
    ended,
    facts,
    finished_pod,
    following,
    job,
    log,
    model_version,
    observed,
    planned,
    pod,
    ready,
    record,
    sha256,
    status_of,
)
from tests.support.plans import message_of, said


def test_a_finished_pod_asks_for_its_log_and_the_version() -> None:
    found = observed()

    assert not isinstance(found.jobs, Unknown)
    assert needs(model_version(), found.jobs) == Needs(version=True, log=True)


def test_the_record_is_kept_in_mlflow_before_it_is_latched() -> None:
    result = planned(model_version(), observed())

    assert result.actions == (
        UploadText("run-1", "leeboard/fingerprint-v3.json", f"{TEXT}\n"),
        TagVersion("car-loan", "3", TAGS),
    )
    assert status_of(result).fingerprint is None
    assert said(result)["Fingerprinted"] == "Unknown/RecordingFingerprint"


def test_what_mlflow_holds_is_latched_and_the_profile_comes_next() -> None:
    result = planned(model_version(), observed(tags=TAGS))

    latched = status_of(result).to_json()
    assert {key: latched[key] for key in ("artifact", "signature", "requirements", "fingerprint", "attempt")} == {
        "artifact": {"uri": "models:/m-1", "digest": DIGEST, "bytes": 1234},
        "signature": {
            "inputs": [{"name": "age", "type": "long", "required": True}],
            "outputs": [
                {"name": "", "type": 'tensor {"tensor-spec":{"dtype":"float64","shape":[-1,2]}}', "required": True}
            ],
        },
        "requirements": ["scikit-learn==1.7.2"],
        "fingerprint": {
            "flavor": "sklearn",
            "pythonVersion": "3.11.9",
            "rowWise": True,
            "rowWiseReason": "",
            "tolerance": "1e-06",
            "lean": True,
            "environment": "Warn",
            "differences": ["pandas 2.2.0, the image has 2.3.0"],
            "exampleAnswer": "e" * 64,
            "record": sha256(TEXT),
        },
        "attempt": 1,
    }
    assert said(result) == {
        "Ready": "False/LookingForReference",
        "Reconciling": "True/LookingForReference",
        "Stalled": "False/NotStalled",
        "Fingerprinted": "True/Fingerprinted",
        "Approved": "Unknown/WaitsForProfile",
        "ProfileReady": "Unknown/LookingForReference",
    }
    assert result.notices == ()


def test_a_model_that_the_image_would_refuse_is_fingerprinted_all_the_same() -> None:
    text = record(environment={"verdict": "Refuse", "differences": ["python 3.9"]})
    tags: dict[str, str] = {**TAGS, Tag.RECORD_DIGEST: sha256(text)}

    resource = following(model_version(), observed(text, tags=tags))
    result = planned(resource, facts())

    assert (said(result)["Ready"], said(result)["ProfileReady"]) == ("True/Ready", "False/NotLoadable")
    assert status_of(result).to_json()["fingerprint"]["environment"] == "Refuse"


def test_a_latched_version_asks_nothing_and_leaves_its_jobs_to_their_ttl() -> None:
    resource = ready()
    unfinished = job(attempt=2)

    result = planned(resource, facts(jobs=[DONE, unfinished]), now=NOW + timedelta(days=1))

    assert needs(resource) == Needs()
    assert result == Plan(
        status=resource.status,
        writes=(
            JsonPatch(
                ObjectRef("batch/v1", "Job", "credit", DONE["metadata"]["name"]),
                "job-1",
                ({"op": "add", "path": "/spec/ttlSecondsAfterFinished", "value": 86400},),
            ),
            Delete(ObjectRef("batch/v1", "Job", "credit", unfinished["metadata"]["name"]), "job-2"),
        ),
    )
    assert planned(resource, facts()) == Plan(status=resource.status)


LOST = {
    "the pod is gone": facts(jobs=[DONE], log=None),
    "the log is gone": facts(jobs=[DONE], pods=[finished_pod(TEXT)], log=None),
    "the log is cut": facts(jobs=[DONE], pods=[finished_pod(TEXT)], log=log(TEXT[:-5])),
    "the log holds another record": facts(jobs=[DONE], pods=[finished_pod(TEXT)], log=log(record(bytes=9))),
}


@pytest.mark.parametrize("found", LOST.values(), ids=LOST)
def test_a_record_that_was_lost_is_taken_again(found: ModelVersionFacts) -> None:
    result = planned(model_version(), found)

    assert result.writes == (Create(fingerprint_job(model_version(), DEFAULTS, attempt=2)),)
    assert said(result)["Reconciling"] == "True/Retrying"


def test_a_record_of_another_form_is_refused() -> None:
    result = planned(model_version(), observed(record(schema=2)))

    assert said(result)["Stalled"] == "True/InvalidRecord"
    assert "schema" in message_of(result)


def test_a_record_that_contradicts_the_fetched_files_is_refused() -> None:
    honest = f"sha256:{'0' * 64}"

    result = planned(model_version(), facts(jobs=[DONE], pods=[finished_pod(TEXT, fetched=honest)], log=log(TEXT)))

    assert said(result)["Stalled"] == "True/DigestMismatch"
    assert honest in message_of(result)


def test_an_unreachable_mlflow_holds_the_latch_back() -> None:
    found = facts(jobs=[DONE], pods=[finished_pod(TEXT)], log=log(TEXT), version=Unknown("down"))

    result = planned(model_version(), found)

    assert said(result)["Fingerprinted"] == "Unknown/RecordingFingerprint"
    assert (result.actions, result.requeue_after) == ((), timedelta(seconds=15))


def test_a_version_that_vanished_meanwhile_stalls() -> None:
    found = facts(jobs=[DONE], pods=[finished_pod(TEXT)], log=log(TEXT), version=None)

    assert said(planned(model_version(), found))["Stalled"] == "True/VersionNotFound"


WAITING = {
    "a log that cannot be read yet": facts(jobs=[DONE], pods=[finished_pod(TEXT)], log=Unknown("no kubelet")),
    "a pod whose end the cache has not seen": facts(jobs=[DONE], pods=[pod(fetch=ended(0), running={})], log=log(TEXT)),
}


@pytest.mark.parametrize("found", WAITING.values(), ids=WAITING)
def test_is_waited_for(found: ModelVersionFacts) -> None:
    assert planned(model_version(), found) == Plan(requeue_after=timedelta(seconds=2))


def test_a_version_that_is_being_deleted_is_left_alone() -> None:
    resource = model_version()
    metadata = resource.metadata.model_copy(update={"deletion_timestamp": "2026-11-21T12:00:00Z"})

    assert planned(resource.model_copy(update={"metadata": metadata}), observed()) == Plan()
