"""The Job of one attempt, as a whole value."""

from __future__ import annotations

from dataclasses import replace

from leeboard.api.training_job import RunReference
from leeboard.planning.training_job.job import job_manifest
from tests.support.builders_training import DEFAULTS, UID, training

RUN = RunReference(id="run-1", experiment_id="7")
LABELS = {
    "app.kubernetes.io/managed-by": "leeboard",
    "leeboard.dev/kind": "TrainingJob",
    "leeboard.dev/owner": "car-loan",
    "leeboard.dev/uid": UID,
    "leeboard.dev/attempt": "1",
    "leeboard.dev/model": "car-loan",
}


def test_the_job_is_one_attempt_with_restricted_pods_and_the_runs_environment() -> None:
    resource = training(parameters={"max_depth": "6"}, dataset={"name": "cars", "uri": "s3://cars"})

    manifest = job_manifest(resource, RUN, replace(DEFAULTS, credentials_secret="mlflow-login"))

    assert manifest == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": manifest["metadata"]["name"],
            "namespace": "credit",
            "labels": LABELS,
            "annotations": {"leeboard.dev/run": "run-1", "leeboard.dev/experiment": "7"},
            "ownerReferences": [
                {
                    "apiVersion": "leeboard.dev/v1alpha1",
                    "kind": "TrainingJob",
                    "name": "car-loan",
                    "uid": UID,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
            },
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [
                        {
                            "name": "train",
                            "image": "trainer:1",
                            "terminationMessagePolicy": "FallbackToLogsOnError",
                            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                            "env": [
                                {"name": "MLFLOW_TRACKING_URI", "value": "http://mlflow:5000"},
                                {"name": "MLFLOW_EXPERIMENT_ID", "value": "7"},
                                {"name": "MLFLOW_RUN_ID", "value": "run-1"},
                                {"name": "LEEBOARD_ATTEMPT", "value": "1"},
                                {"name": "LEEBOARD_MODEL", "value": "car-loan"},
                                {"name": "DATASET_NAME", "value": "cars"},
                                {"name": "DATASET_URI", "value": "s3://cars"},
                                {"name": "max_depth", "value": "6"},
                            ],
                            "envFrom": [{"secretRef": {"name": "mlflow-login", "optional": True}}],
                        }
                    ],
                },
            },
        },
    }


def test_names_of_jobs_differ_by_uid_and_stay_within_63_characters() -> None:
    resource = training()
    long = resource.metadata.model_copy(update={"name": "x" * 63})
    other = resource.metadata.model_copy(update={"uid": "uid-2"})
    names = [
        job_manifest(resource.model_copy(update={"metadata": metadata}), RUN, DEFAULTS)["metadata"]["name"]
        for metadata in (resource.metadata, other, long)
    ]

    assert len(set(names)) == 3
    assert max(map(len, names)) == 63


def test_init_containers_get_the_environment_but_no_credentials() -> None:
    template = {
        "metadata": {"labels": {"team": "risk"}, "annotations": {"note": "kept"}, "name": "dropped"},
        "spec": {
            "initContainers": [{"name": "data", "image": "data:1"}],
            "containers": [{"name": "train", "image": "trainer:1"}],
            "serviceAccountName": "trainer",
        },
    }

    manifest = job_manifest(training(template=template), RUN, replace(DEFAULTS, credentials_secret="login"))

    pod = manifest["spec"]["template"]
    assert pod["metadata"] == {"labels": {"team": "risk", **LABELS}, "annotations": {"note": "kept"}}
    assert "envFrom" not in pod["spec"]["initContainers"][0]
    assert pod["spec"]["initContainers"][0]["env"] == pod["spec"]["containers"][0]["env"]
    assert "automountServiceAccountToken" not in pod["spec"]


def test_our_own_file_system_rules_are_not_forced_on_training_images() -> None:
    manifest = job_manifest(training(), RUN, DEFAULTS)

    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    assert "readOnlyRootFilesystem" not in container["securityContext"]
    assert "volumes" not in manifest["spec"]["template"]["spec"]
