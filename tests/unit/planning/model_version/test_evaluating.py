"""A version is compared with the one that serves before any approval; what nobody knows is never better."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.evaluation import VersionEvaluation
from leeboard.api.model_version import Decision, ModelVersion, Profile
from leeboard.api.names import API_VERSION
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.model_version import ModelVersionFacts, needs
from leeboard.planning.model_version.champion import Side
from leeboard.planning.model_version.evaluation_job import Match, evaluation_job
from leeboard.planning.plan import Create, Delete, Plan
from tests.support.builders_version import (
    CREATED,
    DEFAULTS,
    NOW,
    UID,
    ended,
    facts,
    following,
    job,
    planned,
    ready,
    status_of,
)
from tests.support.plans import said

WANTED = VersionEvaluation.model_validate(
    {"dataset": {"uri": "http://data/later.csv"}, "target": "repaid", "timeColumn": "when", "service": "loans"}
)
OLD = f"sha256:{1:064x}"
PROFILE = {"uri": "runs:/run-2/p.json", "digest": f"sha256:{2:064x}", "bytes": 9, "rows": 800, "features": 1}
COUNTED: dict[str, Any] = {
    "candidate": "3",
    "champion": "2",
    "rowsDigest": f"sha256:{3:064x}",
    "rows": 2000,
    "after": "2026-11-01T00:00:00Z",
    "since": "2026-11-02T00:00:00Z",
    "until": "2026-11-20T00:00:00Z",
    "notLater": 1200,
    "unlabelled": 7,
    "pairs": [1700, 140, 60, 100],
}
WORSE = {**COUNTED, "pairs": [1700, 60, 140, 100]}


def candidate(**changes: object) -> ModelVersion:
    """A version that is fingerprinted, and to be compared before it is approved."""
    resource = ready()
    evaluation = WANTED.model_copy(update=changes)
    metadata = resource.metadata.model_copy(update={"creation_timestamp": CREATED})
    spec = resource.spec.model_copy(update={"evaluation": evaluation})
    status = resource.status.model_copy(update={"conditions": _without_approval(resource)})
    return resource.model_copy(update={"metadata": metadata, "spec": spec, "status": status})


def _without_approval(resource: ModelVersion) -> tuple[Any, ...]:
    return tuple(item for item in resource.status.conditions if item.type not in {"Approved", "Ready"})


def champion(*, model: str = "car-loan", environment: str = "Match", digest: str = OLD) -> Manifest:
    """The ModelVersion of version 2."""
    fingerprint = ready().status.fingerprint
    assert fingerprint is not None
    known = fingerprint.model_copy(update={"environment": environment}).to_json()
    artifact = {"uri": "models:/m-2", "digest": digest, "bytes": 8}
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {"name": "car-loan-v2", "namespace": "credit", "uid": "mv-2", "creationTimestamp": CREATED},
        "spec": {"model": model, "version": "2", "source": {"runID": "run-2", "modelURI": "models:/m-2"}},
        "status": {"artifact": artifact, "fingerprint": known, "profile": {**PROFILE, "monitored": 1}},
    }


def service(*serving: str) -> Manifest:
    """``loans``, in which these ModelVersions serve: the first one now, the others before."""
    revisions = [{"modelVersion": name, "digest": OLD} for name in serving]
    status = {"stable": revisions[0], "previous": revisions[1:]} if revisions else {}
    return {"metadata": {"name": "loans", "namespace": "credit"}, "status": status}


def seen(
    *,
    services: Children | Unknown | None = None,
    versions: Children | Unknown | None = None,
    **known: Any,  # noqa: ANN401 - as facts takes them
) -> ModelVersionFacts:
    found = facts(**{"jobs": [job("Complete")], **known})
    return replace(
        found,
        services=Children((service("car-loan-v2"),)) if services is None else services,
        versions=Children((champion(),)) if versions is None else versions,
    )


def a_job(resource: ModelVersion, condition: str | None = None, *, attempt: int = 1, reason: str = "") -> Manifest:
    """The Job of an attempt as the API server shows it."""
    artifact = resource.status.artifact
    assert artifact is not None
    other = artifact.model_copy(update={"uri": "models:/m-2", "digest": OLD})
    profile = Profile.model_validate({**PROFILE, "monitored": 1})
    sides = Side("3", artifact, None, CREATED), Side("2", other, profile, CREATED)
    assert resource.spec.evaluation is not None
    manifest = evaluation_job(Match(resource, resource.spec.evaluation, *sides, DEFAULTS, attempt))
    found = {"type": condition, "status": "True", "reason": reason, "lastTransitionTime": "2026-11-21T11:59:30Z"}
    metadata = {**manifest["metadata"], "uid": f"evaluation-{attempt}", "creationTimestamp": CREATED}
    return {**manifest, "metadata": metadata, "status": {"conditions": [found]} if condition else {"active": 1}}


def a_pod(of: Manifest, phase: str = "Running", **containers: Manifest) -> Manifest:
    """Its pod, with the states of its containers."""
    spec = of["spec"]["template"]["spec"]
    states = [
        [{"name": item["name"], "state": containers.get(item["name"].replace("-", "_"), {})} for item in spec[kind]]
        for kind in ("initContainers", "containers")
    ]
    return {
        "metadata": {
            "name": f"{of['metadata']['name']}-x",
            "namespace": "credit",
            "labels": of["spec"]["template"]["metadata"]["labels"],
            "creationTimestamp": CREATED,
        },
        "spec": spec,
        "status": {"phase": phase, "initContainerStatuses": states[0], "containerStatuses": states[1]},
    }


def counted(resource: ModelVersion, message: dict[str, Any] = COUNTED) -> ModelVersionFacts:
    """The Job ended well, and its last container said this."""
    done = a_job(resource, "Complete")
    state = message if "terminated" in message else ended(0, **message)
    return seen(jobs=[job("Complete"), done], pods=[a_pod(done, "Succeeded", compare=state)])


def failed(
    resource: ModelVersion, containers: dict[str, Manifest] | None = None, *, attempt: int = 1, reason: str = ""
) -> ModelVersionFacts:
    """The Jobs of all attempts so far failed, the last one as ``containers`` say."""
    jobs = [a_job(resource, "Failed", attempt=number, reason=reason) for number in range(1, attempt + 1)]
    return seen(jobs=[job("Complete"), *jobs], pods=[a_pod(jobs[-1], "Failed", **(containers or {}))])


def better(result: Plan) -> tuple[str, str]:
    """``status/reason`` of Better, and its message."""
    found = condition_of(status_of(result).conditions, ConditionType.BETTER)
    assert found is not None
    return f"{found.status}/{found.reason}", found.message


def containers_of(manifest: Manifest) -> dict[str, Manifest]:
    spec = manifest["spec"]["template"]["spec"]
    return {item["name"]: item for item in (*spec["initContainers"], *spec["containers"])}


def test_a_version_is_not_approved_before_it_was_compared() -> None:
    resource = candidate()

    assert needs(resource, Children((job("Complete"),))).champion
    result = planned(resource, seen())

    (write,) = result.writes
    assert isinstance(write, Create)
    assert write.manifest == {k: v for k, v in a_job(resource).items() if k != "status"} | {
        "metadata": {k: v for k, v in a_job(resource)["metadata"].items() if k not in {"uid", "creationTimestamp"}}
    }
    assert status_of(result).phase == "Evaluating"
    assert said(result) == {
        "Ready": "False/Evaluating",
        "Reconciling": "True/Evaluating",
        "Stalled": "False/NotStalled",
        "Fingerprinted": "True/Fingerprinted",
        "Approved": "Unknown/WaitsForEvaluation",
        "ProfileReady": "False/NoReference",
        "Better": "Unknown/Evaluating",
    }


def test_only_what_fetches_has_credentials_and_only_what_counts_sees_labels() -> None:
    match = planned(candidate(), seen(), defaults=replace(DEFAULTS, credentials_secret="mlflow")).writes[0]
    assert isinstance(match, Create)
    found = containers_of(match.manifest)
    assert list(found) == ["rows", "candidate", "champion", "select", "answer-candidate", "answer-champion", "compare"]
    assert [name for name, item in found.items() if "envFrom" in item] == ["rows", "candidate", "champion"]
    mounts = {
        name: {mount["name"]: bool(mount.get("readOnly")) for mount in item["volumeMounts"]}
        for name, item in found.items()
    }
    assert [name for name, known in mounts.items() if "labels" in known or "rows" in known] == [
        "rows",
        "select",
        "compare",
    ]
    for who in ("candidate", "champion"):
        own = {f"{who}-model": True, "inputs": True, f"{who}-answers": False, f"{who}-tmp": False}
        assert mounts[f"answer-{who}"] == own
    assert mounts["compare"] == {
        "labels": True,
        "compare-tmp": False,
        "candidate-answers": True,
        "champion-answers": True,
    }
    template = match.manifest["spec"]["template"]["spec"]
    assert template["automountServiceAccountToken"] is False
    assert all(item["securityContext"]["readOnlyRootFilesystem"] for item in found.values())
    named = {volume["name"] for volume in template["volumes"]}
    assert {mount for known in mounts.values() for mount in known} == named


def test_the_files_of_both_versions_are_those_that_were_proven() -> None:
    made = containers_of(a_job(candidate()))
    assert f"--digest={OLD}" in made["champion"]["args"]
    assert f"--model-digest={OLD}" in made["answer-champion"]["args"]
    assert f"--profile-digest={PROFILE['digest']}" in made["champion"]["args"]
    assert "--champion-profile=/mnt/profiles/champion.json" in made["select"]["args"]
    assert not any("candidate-profile" in argument for argument in made["select"]["args"])
    assert f"--candidate-made={CREATED}" in made["select"]["args"]


def test_what_a_user_wrote_is_never_expanded_by_the_kubelet() -> None:
    resource = candidate(target="$(SECRET)", time_column="$(TIME)")
    arguments = containers_of(a_job(resource))["select"]["args"]
    assert {"--target=$$(SECRET)", "--time-column=$$(TIME)"} <= set(arguments)


def test_a_better_version_is_approved_by_itself_with_its_numbers_in_status() -> None:
    result = planned(candidate(), counted(candidate()))
    status = status_of(result)
    assert status.evaluation is not None
    assert status.evaluation.to_json() == {
        "verdict": "Better",
        "reason": "Better",
        "message": better(result)[1],
        "at": "2026-11-21T12:00:00Z",
        "champion": "2",
        "dataset": COUNTED["rowsDigest"],
        "after": "2026-11-01T00:00:00Z",
        "rows": 2000,
        "notLater": 1200,
        "unlabelled": 7,
        "dataFaults": [],
        "measure": "Accuracy",
        "candidateValue": "0.92",
        "championValue": "0.88",
        "counts": {"both": 1700, "onlyCandidate": 140, "onlyChampion": 60, "neither": 100},
        "gain": "0.040000",
        "low": "0.026426",
        "high": "0.054110",
    }
    assert (said(result)["Better"], said(result)["Approved"]) == ("True/Better", "True/Automatic")
    assert status.phase == "Ready"
    assert [notice.reason for notice in result.notices] == ["Better", "Ready"]


def test_a_version_that_is_not_better_waits_for_a_person_and_says_why() -> None:
    result = planned(candidate(), counted(candidate(), WORSE))
    assert (said(result)["Better"], said(result)["Approved"], said(result)["Ready"]) == (
        "False/NotBetter",
        "False/NotBetter",
        "False/NotBetter",
    )
    assert status_of(result).phase == "WaitingForApproval"
    approved = condition_of(status_of(result).conditions, ConditionType.APPROVED)
    assert approved is not None
    assert (
        "88.00% of 2000 rows rightly, version 2 92.00%: -4.00%, with 95 % between -5.41% and -2.64%" in approved.message
    )
    assert "leeboard approve car-loan-v3" in approved.message
    assert ("Warning", "NotBetter") in [(notice.type, notice.reason) for notice in result.notices]


def test_a_gain_has_to_be_above_the_one_that_is_asked_for() -> None:
    resource = candidate(min_gain="0.03")
    result = planned(resource, counted(resource))
    assert better(result)[0] == "False/NotBetter"
    assert "which has to be above 3.00%" in better(result)[1]


def test_numbers_are_compared_by_their_errors() -> None:
    message = {k: v for k, v in COUNTED.items() if k != "pairs"} | {"errors": [1600.0, 2000.0, 2560.0, 4000.0, 3100.0]}
    status = status_of(planned(candidate(), counted(candidate(), message)))
    assert status.evaluation is not None
    assert (status.evaluation.verdict, status.evaluation.measure, status.evaluation.gain) == (
        "Better",
        "MeanAbsoluteError",
        "0.200000",
    )
    assert (status.evaluation.candidate_value, status.evaluation.champion_value) == ("0.8", "1")


def test_a_champion_without_errors_leaves_open_who_is_better() -> None:
    message = {k: v for k, v in COUNTED.items() if k != "pairs"} | {"errors": [10.0, 0.0, 1.0, 0.0, 0.0]}
    result = planned(candidate(), counted(candidate(), message))
    assert (better(result)[0], said(result)["Approved"]) == ("Unknown/NotComparable", "False/WaitsForDecision")


FORGED: dict[str, dict[str, Any]] = {
    "more pairs than rows": {**COUNTED, "pairs": [1700, 140, 60, 101]},
    "fewer rows than are judged": {**COUNTED, "rows": 100, "pairs": [100, 0, 0, 0]},
    "negative pairs": {**COUNTED, "pairs": [2100, 0, -100, 0]},
    "fractions of rows": {**COUNTED, "pairs": [1700.5, 139.5, 60, 100]},
    "texts for numbers": {**COUNTED, "rows": "2000"},
    "both kinds": {**COUNTED, "errors": [1.0, 1.0, 1.0, 1.0, 1.0]},
    "neither kind": {k: v for k, v in COUNTED.items() if k != "pairs"},
    "errors that are no numbers": {k: v for k, v in COUNTED.items() if k != "pairs"} | {"errors": [float("nan")] * 5},
    "another candidate": {**COUNTED, "candidate": "4"},
    "no time": {**COUNTED, "after": "long ago; rm -rf /"},
    "an endless number": {**COUNTED, "unlabelled": 10**40},
    "nothing": {},
}


@pytest.mark.parametrize("case", FORGED)
def test_a_message_that_does_not_add_up_is_no_result(case: str) -> None:
    result = planned(candidate(), counted(candidate(), FORGED[case]))
    assert status_of(result).evaluation is None
    assert said(result)["Approved"] == "Unknown/WaitsForEvaluation"
    (write,) = result.writes
    assert isinstance(write, Create)
    assert write.manifest["metadata"]["labels"]["leeboard.dev/attempt"] == "2"
    assert "not valid" in better(result)[1]


def test_a_message_that_was_cut_in_the_middle_is_no_result() -> None:
    cut = {"terminated": {"exitCode": 0, "message": '{"candidate":"3","champion":"2","pairs":[2000,' + " " * 4096}}
    assert status_of(planned(candidate(), counted(candidate(), cut))).evaluation is None


ENDINGS: dict[str, tuple[dict[str, Manifest], str]] = {
    "too few rows": ({"select": ended(2, reason="TooFewRows", message="119 rows")}, "TooFewRows"),
    "no such rows": ({"rows": ended(2, reason="ReferenceNotFound", message="404")}, "RowsNotFound"),
    "rows of another form": ({"rows": ended(2, reason="ReferenceInvalid", message="ftp")}, "RowsInvalid"),
    "a model that cannot be loaded": ({"answer_candidate": ended(2, reason="LoadFailed", message="x")}, "LoadFailed"),
    "a model too large": (
        {"answer_champion": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}},
        "ResourceExhausted",
    ),
    "a model that says it is better": ({"answer_candidate": ended(2, reason="Better", message="ha")}, "Better"),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_what_cannot_be_judged_is_never_better(case: str) -> None:
    containers, reason = ENDINGS[case]
    result = planned(candidate(), failed(candidate(), containers))
    found = status_of(result).evaluation
    assert found is not None
    assert (found.verdict, found.reason) == ("Unknown", reason)
    assert (said(result)["Better"], said(result)["Approved"]) == (f"Unknown/{reason}", "False/WaitsForDecision")
    assert status_of(result).phase == "WaitingForApproval"


def test_a_pod_that_takes_an_hour_is_given_up() -> None:
    result = planned(candidate(), failed(candidate(), reason="DeadlineExceeded"))
    assert better(result)[0] == "Unknown/EvaluationFailed"


def test_a_passing_trouble_is_tried_three_times() -> None:
    resource, trouble = candidate(), {"rows": ended(75, reason="TrackingUnavailable", message="503")}
    for attempt in (1, 2):
        result = planned(resource, failed(resource, trouble, attempt=attempt))
        assert [write.manifest["metadata"]["name"] for write in result.writes if isinstance(write, Create)] == [
            a_job(resource, attempt=attempt + 1)["metadata"]["name"]
        ]
        assert better(result)[0] == "Unknown/Retrying"
    result = planned(resource, failed(resource, trouble, attempt=3))
    assert (better(result)[0], result.writes) == ("Unknown/EvaluationFailed", ())


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "no such service": ({"services": Children()}, "Unknown/NothingServes"),
    "nothing serves": ({"services": Children((service(),))}, "Unknown/NothingServes"),
    "it serves itself": ({"services": Children((service("car-loan-v3"),))}, "Unknown/NothingServes"),
    "its record is gone": ({"versions": Children()}, "Unknown/NotComparable"),
    "another model": ({"versions": Children((champion(model="house-loan"),))}, "Unknown/NotComparable"),
    "other files": ({"versions": Children((champion(digest=f"sha256:{8:064x}"),))}, "Unknown/NotComparable"),
    "another environment": ({"versions": Children((champion(environment="Refuse"),))}, "Unknown/NotLoadable"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_without_a_version_to_better_a_person_decides(case: str) -> None:
    known, expected = UNFIT[case]
    result = planned(candidate(), seen(**known))
    assert (better(result)[0], said(result)["Approved"], result.writes) == (expected, "False/WaitsForDecision", ())


def test_a_version_that_serves_already_is_compared_with_the_one_before() -> None:
    result = planned(candidate(), seen(services=Children((service("car-loan-v3", "car-loan-v2"),))))
    assert isinstance(result.writes[0], Create)


@pytest.mark.parametrize("known", [{"services": Unknown("the cache fills")}, {"versions": Unknown("the cache fills")}])
def test_while_nobody_knows_what_serves_it_waits(known: dict[str, Unknown]) -> None:
    result = planned(candidate(), seen(**known))
    assert (better(result), result.writes) == (("Unknown/Evaluating", "the cache fills"), ())
    assert result.requeue_after is not None


def test_a_champion_whose_fingerprint_was_lost_is_waited_for() -> None:
    lost = {**champion(), "status": {}}
    result = planned(candidate(), seen(versions=Children((lost,))))
    assert (better(result)[0], result.writes, status_of(result).evaluation) == ("Unknown/Evaluating", (), None)


def test_a_quota_is_waited_for_and_any_other_refusal_ends_it() -> None:
    name = a_job(candidate())["metadata"]["name"]
    quota = Rejection(403, "exceeded quota: pods", "Job", name, 1)
    assert better(planned(candidate(), seen(rejections=(quota,))))[0] == "Unknown/QuotaExceeded"
    invalid = Rejection(422, "spec is wrong", "Job", name, 1)
    assert better(planned(candidate(), seen(rejections=(invalid,))))[0] == "Unknown/Rejected"


def test_a_refused_job_of_the_profile_does_not_keep_it_from_being_compared() -> None:
    other = Rejection(422, "spec is wrong", "Job", "the-profile-job", 1)
    assert isinstance(planned(candidate(), seen(rejections=(other,))).writes[0], Create)


def test_an_operator_that_dies_in_between_makes_the_same_job_and_latches_the_same_result() -> None:
    resource = candidate()
    assert planned(resource, seen()).writes == planned(resource, seen()).writes
    first, second = (planned(resource, counted(resource)) for _ in range(2))
    assert status_of(first).evaluation == status_of(second).evaluation


def test_a_latched_result_is_never_asked_for_again() -> None:
    resource = following(candidate(), counted(candidate(), WORSE))
    done = a_job(resource, "Complete")
    assert not needs(resource, Children((job("Complete"), done))).champion
    later = planned(resource, counted(resource, COUNTED), now=NOW + timedelta(days=1))
    assert status_of(later).evaluation == resource.status.evaluation
    assert said(later)["Better"] == "False/NotBetter"


def test_a_job_of_somebody_else_is_no_attempt() -> None:
    resource = candidate()
    foreign = a_job(resource, "Complete")
    foreign["metadata"]["ownerReferences"][0]["uid"] = "another"
    result = planned(resource, seen(jobs=[job("Complete"), foreign], pods=[]))
    assert status_of(result).evaluation is None


def test_what_is_left_of_a_job_goes_when_all_is_known() -> None:
    resource = following(candidate(), counted(candidate()))
    running = a_job(resource, attempt=2)
    result = planned(resource, seen(jobs=[job("Complete", ttlSecondsAfterFinished=1), running]))
    assert [type(write) for write in result.writes] == [Delete]


def test_a_person_may_approve_what_is_not_better_by_the_evidence_that_says_so() -> None:
    before = ready()
    resource = following(candidate(), counted(candidate(), WORSE))
    assert resource.status.evidence_digest != before.status.evidence_digest
    for evidence, expected in (
        (resource.status.evidence_digest, "True/ApprovedByAPerson"),
        (before.status.evidence_digest, "False/EvidenceChanged"),
    ):
        word = Decision.model_validate({"state": "Approved", "by": "ann", "evidenceDigest": evidence})
        decided = resource.model_copy(update={"spec": resource.spec.model_copy(update={"decision": word})})
        assert said(planned(decided, seen()))["Approved"] == expected


def test_a_rejected_version_stays_so_also_when_it_is_better() -> None:
    resource = following(candidate(), counted(candidate()))
    word = Decision.model_validate(
        {"state": "Rejected", "by": "ann", "evidenceDigest": resource.status.evidence_digest}
    )
    decided = resource.model_copy(update={"spec": resource.spec.model_copy(update={"decision": word})})
    assert said(planned(decided, seen()))["Approved"] == "False/RejectedByAPerson"


def test_a_manual_version_is_compared_as_well_and_waits() -> None:
    resource = candidate()
    manual = resource.model_copy(update={"spec": resource.spec.model_copy(update={"approval": "Manual"})})
    result = planned(manual, counted(manual))
    assert (said(result)["Better"], said(result)["Approved"]) == ("True/Better", "False/WaitsForDecision")


def test_a_version_that_nobody_asked_to_compare_says_nothing_of_it() -> None:
    assert "Better" not in said(planned(ready(), facts()))
    assert ready().metadata.uid == UID


def test_a_better_version_of_broken_data_is_not_approved_by_itself() -> None:
    message = {**COUNTED, "dataFaults": ["age is null in 30.0% of 1000 rows, before in 1.0%"]}
    result = planned(candidate(), counted(candidate(), message))
    assert (said(result)["Better"], said(result)["Approved"]) == ("True/Better", "False/BrokenData")
    approved = condition_of(status_of(result).conditions, ConditionType.APPROVED)
    assert approved is not None
    assert "beside those of version 2 the rows of its profile are broken: age is null in 30.0%" in approved.message
    resource = following(candidate(), counted(candidate(), message))
    assert resource.status.evidence_digest != following(candidate(), counted(candidate())).status.evidence_digest


def test_more_faults_than_are_told_are_a_forged_message() -> None:
    assert (
        status_of(planned(candidate(), counted(candidate(), {**COUNTED, "dataFaults": ["x"] * 6}))).evaluation is None
    )
