"""Before the fingerprint: MLflow must hold what the resource says, under a name that is ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from leeboard.api.names import Tag
from leeboard.planning.actions import ClaimModel
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.model_version import Needs, needs
from leeboard.planning.model_version.job import fingerprint_job
from leeboard.planning.plan import Create
from tests.support.builders_version import (
    DEFAULTS,
    UID,
    facts,
    model_version,
    planned,
    registered,
    version,
)
from tests.support.plans import message_of, said

LABELS = {
    "app.kubernetes.io/managed-by": "leeboard",
    "leeboard.dev/kind": "ModelVersion",
    "leeboard.dev/owner": "car-loan-v3",
    "leeboard.dev/uid": UID,
    "leeboard.dev/attempt": "1",
    "leeboard.dev/model": "car-loan",
    "leeboard.dev/model-version": "car-loan-v3",
}
SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
RESOURCES = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}
HOME = {"name": "HOME", "value": "/tmp"}
TMP = {"name": "leeboard-tmp", "mountPath": "/tmp"}
MODEL = {"name": "leeboard-model", "mountPath": "/mnt/model"}


def test_a_new_version_asks_for_version_and_model() -> None:
    assert needs(model_version()) == Needs(version=True, registered=True)


def test_a_version_that_mlflow_holds_gets_its_fingerprint_job() -> None:
    resource = model_version()

    result = planned(resource, facts(version=version(), registered=registered()))

    assert result.writes == (Create(fingerprint_job(resource, DEFAULTS, attempt=1)),)
    assert said(result) == {
        "Ready": "False/Fingerprinting",
        "Reconciling": "True/Fingerprinting",
        "Stalled": "False/NotStalled",
        "Fingerprinted": "Unknown/Fingerprinting",
        "Approved": "Unknown/WaitsForFingerprint",
        "ProfileReady": "Unknown/WaitsForFingerprint",
    }


def test_the_container_that_loads_the_model_has_neither_credentials_nor_token() -> None:
    defaults = replace(DEFAULTS, credentials_secret="mlflow-login", image_pull_secrets=("registry",))

    manifest = fingerprint_job(model_version(), defaults, attempt=1)

    assert manifest["metadata"]["labels"] == LABELS
    assert manifest["spec"] == {
        "backoffLimit": 0,
        "activeDeadlineSeconds": 3600,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {
            "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "restartPolicy": "Never",
                "enableServiceLinks": False,
                "automountServiceAccountToken": False,
                "imagePullSecrets": [{"name": "registry"}],
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "volumes": [{"name": "leeboard-tmp", "emptyDir": {}}, {"name": "leeboard-model", "emptyDir": {}}],
                "initContainers": [
                    {
                        "name": "fetch",
                        "image": "leeboard.dev/runtime:dev",
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["leeboard-runtime"],
                        "args": ["fetch", "--model-uri=models:/m-1", "--destination=/mnt/model"],
                        "env": [HOME, {"name": "MLFLOW_TRACKING_URI", "value": "http://mlflow:5000"}],
                        "envFrom": [{"secretRef": {"name": "mlflow-login", "optional": True}}],
                        "resources": RESOURCES,
                        "volumeMounts": [TMP, MODEL],
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "securityContext": SECURITY,
                    }
                ],
                "containers": [
                    {
                        "name": "fingerprint",
                        "image": "leeboard.dev/runtime:dev",
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["leeboard-runtime"],
                        "args": ["fingerprint", "--model=/mnt/model"],
                        "env": [HOME],
                        "resources": RESOURCES,
                        "volumeMounts": [TMP, {**MODEL, "readOnly": True}],
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "securityContext": SECURITY,
                    }
                ],
            },
        },
    }


def test_a_registered_model_of_nobodys_is_claimed_first() -> None:
    result = planned(model_version(), facts(version=version(), registered=registered(owner=None)))

    assert result.actions == (ClaimModel("car-loan", {Tag.OWNER: "default/credit"}),)
    assert result.writes == ()


def test_a_registered_model_of_somebody_else_is_refused() -> None:
    result = planned(model_version(), facts(version=version(), registered=registered(owner="west/credit")))

    assert said(result)["Stalled"] == "True/ModelNameTaken"
    assert "belongs to west/credit" in message_of(result)
    assert (result.writes, result.actions, result.requeue_after) == ((), (), timedelta(seconds=60))


def test_nothing_is_told_of_a_model_of_somebody_else() -> None:
    result = planned(model_version(run_id="guess"), facts(version=version(), registered=registered("west/credit")))

    assert message_of(result) == "registered model car-loan belongs to west/credit. Next: import it there."


def test_a_version_that_mlflow_does_not_have_is_asked_for_again() -> None:
    result = planned(model_version(), facts(version=None, registered=None))

    assert said(result)["Stalled"] == "True/VersionNotFound"
    assert said(result)["Fingerprinted"] == "False/VersionNotFound"
    assert result.requeue_after == timedelta(seconds=60)
    assert [notice.reason for notice in result.notices] == ["VersionNotFound"]


@pytest.mark.parametrize(
    "resource",
    [model_version(model_uri="models:/m-9"), model_version(run_id="other")],
    ids=["another logged model", "another run"],
)
def test_a_version_of_another_source_is_refused(resource: object) -> None:
    assert isinstance(resource, type(model_version()))

    result = planned(resource, facts(version=version(), registered=registered()))

    assert said(result)["Stalled"] == "True/SourceMismatch"
    assert result.writes == ()


def test_a_person_may_name_the_version_itself_as_its_source() -> None:
    resource = model_version(model_uri="models:/car-loan/3")

    assert len(planned(resource, facts(version=version(), registered=registered())).writes) == 1


@pytest.mark.parametrize(
    "observed",
    [
        facts(version=Unknown("down"), registered=registered()),
        facts(version=version(), registered=Unknown("down")),
    ],
    ids=["the version", "the registered model"],
)
def test_an_unreachable_mlflow_is_waited_for(observed: object) -> None:
    assert isinstance(observed, type(facts()))

    result = planned(model_version(), observed)

    assert said(result)["Fingerprinted"] == "Unknown/TrackingUnavailable"
    assert (result.writes, result.requeue_after) == ((), timedelta(seconds=15))


def test_a_version_in_the_operators_own_namespace_is_refused() -> None:
    resource = model_version()
    elsewhere = resource.metadata.model_copy(update={"namespace": DEFAULTS.operator_namespace})

    result = planned(resource.model_copy(update={"metadata": elsewhere}), facts())

    assert said(result)["Stalled"] == "True/OperatorNamespace"


REFUSALS = {
    "an invalid Job": (422, "bad", "Stalled", "True/Rejected"),
    "a Job of somebody else": (409, "taken", "Stalled", "True/NameConflict"),
    "a quota": (403, "exceeded quota: small", "Reconciling", "True/QuotaExceeded"),
    "a policy": (403, "denied", "Reconciling", "True/Denied"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refused_job_is_told_and_not_repeated_at_once(refusal: tuple[int, str, str, str]) -> None:
    code, message, condition, expected = refusal
    rejection = Rejection(code, message, "Job", "any", 1)

    result = planned(model_version(), facts(version=version(), registered=registered(), rejections=(rejection,)))

    assert said(result)[condition] == expected
    assert result.writes == ()
