"""Each rule of the API, on a real API server, with the message that a user sees."""

import json
from typing import Any

import pytest

from tests.integration.api.kubectl import Kubectl
from tests.integration.api.manifests import (
    DIGEST,
    Manifest,
    inference_service,
    model_version,
    server_pod,
    training_container,
    training_job,
    training_pod,
)

pytestmark = pytest.mark.integration

OWNED = "environment variables MLFLOW_*, LEEBOARD_* are set by the operator"
NAMED = "spec.template.spec.containers[0].env[0].name"
ANSWERS = {"checks": [{"name": "answers", "disagreement": {"max": "0.05"}}]}
SHADOW = {"shadow": {}, "for": "30m"}
DATASET = {"name": "car-loan"}
LABELS = {"tokenKeysSecret": "keys", "feedbackSecret": "feedback"}
RETRAINING = {"trainingJobRef": {"name": "train"}}
EVALUATION = {
    "dataset": {"uri": "http://data/later.csv"},
    "target": "repaid",
    "timeColumn": "timestamp",
    "minGain": "0.01",
}
REFERENCE = {
    "artifact": "held-out/rows.csv",
    "format": "CSV",
    "timeColumn": "timestamp",
    "target": "repaid",
    "redact": ["salary range"],
}
LINEAGE = {"git": {"repository": "https://example.org/r", "revision": "4f2c"}}

REFUSED: dict[str, tuple[Manifest, str]] = {
    "a TrainingJob without spec": (
        {key: value for key, value in training_job().items() if key != "spec"},
        "spec: Required value",
    ),
    "a TrainingJob without a model": (training_job(model=None), "spec.model: Required value"),
    "a TrainingJob without a template": (training_job(template=None), "spec.template: Required value"),
    "a name of 41 characters": (training_job("j" * 41), "the name may have 40 characters at most"),
    "a model name in capitals": (training_job(model="CarLoan"), "spec.model: Invalid value"),
    "a parameter that is no environment variable": (
        training_job(parameters={"max-depth": "6"}),
        "a parameter becomes an environment variable",
    ),
    "a parameter that is ours": (
        training_job(parameters={"MLFLOW_RUN_ID": "x"}),
        f"spec.parameters: Forbidden: {OWNED}",
    ),
    "a parameter that the dataset sets": (
        training_job(parameters={"DATASET_URI": "x"}, dataset=DATASET),
        "spec.parameters: Forbidden: DATASET_NAME, DATASET_URI and DATASET_DIGEST are set from spec.dataset",
    ),
    "101 parameters": (training_job(parameters={f"p{n}": "1" for n in range(101)}), "must have at most 100 items"),
    "a parameter longer than MLflow stores": (training_job(parameters={"p": "x" * 6001}), "may not be more than 6000"),
    "a digest that is not sha256": (
        training_job(dataset=DATASET | {"digest": "md5:1"}),
        "spec.dataset.digest: Invalid value",
    ),
    "an approval that does not exist": (
        training_job(modelVersion={"approval": "Never"}),
        'supported values: "Automatic"',
    ),
    "a reference from two places": (
        training_job(modelVersion={"reference": {"artifact": "a.csv", "uri": "https://data.example/a.csv"}}),
        "spec.modelVersion.reference: Required value: exactly one of artifact",
    ),
    "a reference from nowhere": (
        model_version(reference={"target": "repaid"}),
        "spec.reference: Required value: exactly one of artifact",
    ),
    "a reference on somebody's disk": (
        model_version(reference={"uri": "file:///data/a.csv"}),
        "spec.reference.uri: Invalid value",
    ),
    "a reference with an absolute path": (
        model_version(reference={"artifact": "/data/a.csv"}),
        "spec.reference.artifact: Invalid value",
    ),
    "a training pod without containers": (training_pod(containers=[]), "spec.template.spec.containers"),
    "a container without image": (
        training_pod(containers=[{"name": "train"}]),
        "spec.template.spec.containers[0].image: Required value",
    ),
    "two containers of one name": (
        training_pod(containers=[{"name": "a", "image": "i"}, {"name": "a", "image": "i"}]),
        "spec.template.spec.containers[1]: Duplicate value",
    ),
    "17 containers": (
        training_pod(containers=[{"name": f"c{n}", "image": "i"} for n in range(17)]),
        "must have at most 16 items",
    ),
    "a training that restarts": (
        training_pod(restartPolicy="OnFailure"),
        "spec.template.spec.restartPolicy: Forbidden: restartPolicy is always Never",
    ),
    "a training on the host's network": (
        training_pod(hostNetwork=True),
        "spec.template.spec.hostNetwork: Forbidden: hostNetwork is not allowed",
    ),
    "a training among the host's processes": (training_pod(hostPID=True), "spec.template.spec.hostPID: Forbidden"),
    "a training with the host's memory": (training_pod(hostIPC=True), "spec.template.spec.hostIPC: Forbidden"),
    "a training past the scheduler": (
        training_pod(nodeName="n1"),
        "spec.template.spec.nodeName: Forbidden: nodeName bypasses the scheduler",
    ),
    "a training on the host's disk": (
        training_pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        "spec.template.spec.volumes[0].hostPath: Forbidden: hostPath is not allowed",
    ),
    "a privileged training": (
        training_container(securityContext={"privileged": True}),
        "spec.template.spec.containers[0].securityContext.privileged: Forbidden: privileged containers are not allowed",
    ),
    "a training that names its own MLflow": (
        training_container(env=[{"name": "MLFLOW_TRACKING_URI", "value": "http://other"}]),
        f"{NAMED}: Forbidden: {OWNED}",
    ),
    "a training with our variables": (
        training_container(env=[{"name": "LEEBOARD_ATTEMPT"}]),
        f"{NAMED}: Forbidden: {OWNED}",
    ),
    "one variable twice": (
        training_container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        "spec.template.spec.containers[0].env[1]: Duplicate value",
    ),
    "a quantity that is none": (
        training_container(resources={"limits": {"memory": "many"}}),
        "spec.template.spec.containers[0].resources.limits.memory: Invalid value",
    ),
    "our labels on a training's pods": (
        training_job(template=training_job()["spec"]["template"] | {"metadata": {"labels": {"leeboard.dev/uid": "x"}}}),
        "spec.template.metadata.labels: Forbidden: labels leeboard.dev/* are set by the operator",
    ),
    "a ModelVersion of another name": (
        model_version("other"),
        "a ModelVersion is named <model>-v<version>: one resource for each version",
    ),
    "a ModelVersion without source": (model_version(source=None), "spec.source: Required value"),
    "a version that is no number": (model_version("car-loan-vx", version="x"), "spec.version: Invalid value"),
    "a version 0": (model_version("car-loan-v0", version="0"), "spec.version: Invalid value"),
    "a source that is no logged model": (
        model_version(source={"runID": "r", "modelURI": "s3://bucket/model"}),
        "spec.source.modelURI: Invalid value",
    ),
    "an InferenceService with version and follow": (
        inference_service(model={"name": "car-loan", "version": "3", "follow": "Approved"}),
        "spec.model: Invalid value: exactly one of version (pinned) and follow: Approved",
    ),
    "answers that are times": (
        inference_service(retraining=RETRAINING | {"evaluation": EVALUATION | {"timeColumn": EVALUATION["target"]}}),
        "spec.retraining.evaluation.timeColumn: Invalid value: the target is another column than the time",
    ),
    "a window that is longer than the longest": (
        inference_service(monitoring={"window": {"period": "240h"}}),
        "spec.monitoring.window.longest: Invalid value: longest is one period or more",
    ),
    "a window of no length": (
        inference_service(monitoring={"window": {"period": "0s"}}),
        "spec.monitoring.window.period: Invalid value: a window lasts a second or more",
    ),
    "a warning above the drift": (
        inference_service(monitoring={"drift": {"warn": "0.3"}}),
        "spec.monitoring.drift.warn: Invalid value: warn is above 0 and not above size",
    ),
    "labels that come later than servers remember": (
        inference_service(monitoring={"labels": LABELS | {"maxAge": "721h"}}),
        "spec.monitoring.labels.maxAge: Invalid value: maxAge is between 1 and 720 cohorts, and 720h at most",
    ),
    "labels that come before their cohort is over": (
        inference_service(monitoring={"labels": LABELS | {"maxAge": "30m"}}),
        "spec.monitoring.labels.maxAge: Invalid value: maxAge is between 1 and 720 cohorts, and 720h at most",
    ),
    "more short cohorts than are remembered": (
        inference_service(monitoring={"labels": LABELS | {"cohort": "1m", "maxAge": "13h"}}),
        "spec.monitoring.labels.maxAge: Invalid value: maxAge is between 1 and 720 cohorts, and 720h at most",
    ),
    "cohorts of a second": (
        inference_service(monitoring={"labels": LABELS | {"cohort": "1s", "maxAge": "1m"}}),
        "spec.monitoring.labels.cohort: Invalid value: cohort is between 5s and 24h",
    ),
    "a group without another one to compare with": (
        inference_service(monitoring={"groups": [{"column": "sex", "values": ["f"]}]}),
        "spec.monitoring.groups: Invalid value: a group is compared with another one",
    ),
    "a favourable class that nothing is compared by": (
        inference_service(monitoring={"favourable": "repaid"}),
        "spec.monitoring.favourable: Invalid value: favourable is the class that groups are compared by: name groups",
    ),
    "nine values of a segment": (
        inference_service(monitoring={"segments": [{"column": "region", "values": list("abcdefghi")}]}),
        "spec.monitoring.segments[0].values: Too many: 9: must have at most 8 items",
    ),
    "a segment's value twice": (
        inference_service(monitoring={"segments": [{"column": "region", "values": ["north", "north"]}]}),
        'spec.monitoring.segments[0].values[1]: Duplicate value: "north"',
    ),
    "a segment's column twice": (
        inference_service(monitoring={"segments": [{"column": "region", "values": [one]} for one in ("n", "s")]}),
        'spec.monitoring.segments[1]: Duplicate value: {"column":"region"}',
    ),
    "a trigger of two kinds": (
        inference_service(retraining=RETRAINING | {"triggers": [{"drift": {}, "schedule": {"cron": "0 3 * * 1"}}]}),
        "a trigger is exactly one of drift, schedule, newData and newTemplate",
    ),
    "data that are asked for each second": (
        inference_service(
            retraining=RETRAINING | {"triggers": [{"newData": {"uri": "https://data.example/x", "interval": "1s"}}]}
        ),
        "spec.retraining.triggers[0].newData.interval: Invalid value: interval is a minute or more",
    ),
    "data that nobody can look at": (
        inference_service(retraining=RETRAINING | {"triggers": [{"newData": {"uri": "s3://loans"}}]}),
        "spec.retraining.triggers[0].newData.uri: Invalid value",
    ),
    "a Secret for the web": (
        inference_service(
            retraining=RETRAINING | {"triggers": [{"newData": {"uri": "https://data.example/x", "secret": "s"}}]}
        ),
        "spec.retraining.triggers[0].newData.secret: Invalid value: only an s3:// address is asked with a Secret",
    ),
    "a path that leads out of a volume": (
        inference_service(retraining=RETRAINING | {"triggers": [{"newData": {"uri": "pvc://loans/a/../b"}}]}),
        "spec.retraining.triggers[0].newData.uri: Invalid value: a path on a volume has no ..",
    ),
    "an InferenceService with neither": (
        inference_service(model={"name": "car-loan"}),
        "spec.model: Invalid value: exactly one of version (pinned) and follow: Approved",
    ),
    "an InferenceService that follows something else": (
        inference_service(model={"name": "car-loan", "follow": "Latest"}),
        'supported values: "Approved"',
    ),
    "a comparison of answers before requests are copied": (
        inference_service(rollout={"steps": [{"approval": {}}, {"weight": 5}, SHADOW], "analysis": ANSWERS}),
        "spec.rollout.analysis.checks: Invalid value",
    ),
    "a comparison of answers that are never copied": (
        inference_service(rollout={"ramp": {"stepWeight": 5, "interval": "5m"}, "analysis": ANSWERS}),
        "with a disagreement check the first step, but for approvals, is a shadow, or whenUnderpowered is ShadowFirst",
    ),
    "an InferenceService that no Service can be named after": (
        inference_service("1st.model"),
        "the name is also that of a Service",
    ),
    "no replicas": (inference_service(server={"replicas": 0}), "should be greater than or equal to 1"),
    "half a replica": (inference_service(server={"replicas": 0.5}), "must be of type integer"),
    "a time-out without unit": (inference_service(server={"requestTimeout": "60"}), "spec.server.requestTimeout"),
    "a server that is not started again": (
        server_pod(restartPolicy="Never"),
        "spec.server.template.spec.restartPolicy: Forbidden: restartPolicy is always Always",
    ),
    "a server on the host's network": (
        server_pod(hostNetwork=True),
        "spec.server.template.spec.hostNetwork: Forbidden: hostNetwork is not allowed",
    ),
    "a server with our variables": (
        server_pod(containers=[{"name": "server", "env": [{"name": "LEEBOARD_X", "value": "1"}]}]),
        "spec.server.template.spec.containers[0].env[0].name: Forbidden: environment variables LEEBOARD_*",
    ),
}

ACCEPTED: dict[str, Manifest] = {
    "the smallest TrainingJob": training_job(),
    "the longest name": training_job("j" * 40),
    "everything that a TrainingJob may say": training_job(
        source={"git": {"repository": "https://example.org/r", "revision": "4f2c"}},
        dataset={"name": "car-loan", "uri": "s3://b/k", "digest": DIGEST},
        parameters={"max_depth": "6", "_x1": ""},
        result={"modelName": "model"},
        modelVersion={"approval": "Automatic", "reference": REFERENCE},
    ),
    "a ModelVersion with a reference at an address": model_version(reference={"uri": "s3://bucket/held-out.parquet"}),
    "a dataset variable of one's own, without a dataset": training_job(parameters={"DATASET_URI": "x"}),
    "a rich training pod": training_pod(
        restartPolicy="Never",
        nodeName="",
        hostNetwork=False,
        containers=[
            {
                "name": "train",
                "image": "trainer:1",
                "command": ["python", "train.py"],
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
                "resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": "1500m", "nvidia.com/gpu": 1}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                "securityContext": {"privileged": False, "runAsUser": 1000},
            }
        ],
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        tolerations=[{"key": "gpu", "operator": "Exists"}],
        topologySpreadConstraints=[{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
        imagePullSecrets=[{"name": "registry"}],
        nodeSelector={"gpu": "true"},
    ),
    "the smallest ModelVersion": model_version(),
    "a ModelVersion with lineage": model_version(
        lineage=LINEAGE | {"trainingJob": {"name": "car-loan", "uid": "u", "attempt": 1}, "parameters": {"a": "1"}}
    ),
    "an InferenceService that follows": inference_service(),
    "a comparison of answers after an approval and a shadow": inference_service(
        rollout={"steps": [{"approval": {}}, SHADOW, {"weight": 5}], "analysis": ANSWERS}
    ),
    "a comparison of answers that are copied when needed": inference_service(
        rollout={"steps": [{"weight": 5}], "analysis": ANSWERS | {"whenUnderpowered": "ShadowFirst"}}
    ),
    "a service that is watched and trained again": inference_service(
        monitoring={"window": {"period": "1h"}, "labels": LABELS},
        retraining=RETRAINING | {"triggers": [{"drift": {}}, {"newData": {"uri": "https://data.example/loans.csv"}}]},
    ),
    "a service whose versions are compared": inference_service(retraining=RETRAINING | {"evaluation": EVALUATION}),
    "a service that is trained again by another template": inference_service(
        retraining=RETRAINING | {"triggers": [{"newTemplate": {}}], "historyLimit": {"succeeded": 0, "failed": 9}}
    ),
    "a service with data in a bucket and on a volume": inference_service(
        retraining=RETRAINING
        | {
            "triggers": [
                {"newData": {"uri": "s3://loans/2026/rows.csv", "secret": "bucket", "interval": "1h"}},
                {"newData": {"uri": "pvc://loans/"}},
            ]
        }
    ),
    "a service whose Secrets of labels the operator makes": inference_service(monitoring={"labels": {}}),
    "a service with segments and groups": inference_service(
        monitoring={
            "segments": [{"column": "region", "values": ["north"]}],
            "groups": [{"column": "sex", "values": ["f", "m"]}, {"column": "age", "values": ["old", "young"]}],
            "favourable": "repaid",
        }
    ),
    "an InferenceService that is pinned": inference_service(model={"name": "car-loan", "version": "3"}),
    "a null where nothing is meant": inference_service(model={"name": "car-loan", "version": "3", "follow": None}),
    "a server template that changes one thing": inference_service(
        server={"template": {"spec": {"containers": [{"name": "server", "resources": {"limits": {"memory": "2Gi"}}}]}}}
    ),
    "a server template without containers": server_pod(nodeSelector={"disk": "ssd"}, priorityClassName="high"),
    "an empty server template": inference_service(server={"template": {}}),
    "a server with a variable of MLflow's": server_pod(
        containers=[{"name": "server", "env": [{"name": "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "value": "60"}]}]
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_api_server_refuses(case: str, kubectl: Kubectl) -> None:
    manifest, message = REFUSED[case]

    assert message in kubectl.refusal("create", "--dry-run=server", "-f", "-", manifest=manifest)


@pytest.mark.parametrize("case", ACCEPTED)
def test_the_api_server_accepts(case: str, kubectl: Kubectl) -> None:
    kubectl.do("create", "--dry-run=server", "-f", "-", manifest=ACCEPTED[case])


CHANGES: dict[str, tuple[Manifest, list[dict[str, Any]], str]] = {
    "another model of a TrainingJob": (
        training_job(),
        [{"op": "replace", "path": "/spec/model", "value": "other"}],
        "spec: Forbidden: a TrainingJob cannot be changed: another training is another TrainingJob",
    ),
    "another image of a TrainingJob": (
        training_job(),
        [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "trainer:2"}],
        "spec: Forbidden: a TrainingJob cannot be changed",
    ),
    "a parameter more of a TrainingJob": (
        training_job(),
        [{"op": "add", "path": "/spec/parameters", "value": {"a": "1"}}],
        "spec: Forbidden: a TrainingJob cannot be changed",
    ),
    "the spec taken from a TrainingJob": (training_job(), [{"op": "remove", "path": "/spec"}], "spec: Required value"),
    "the spec taken from a ModelVersion": (
        model_version(),
        [{"op": "remove", "path": "/spec"}],
        "spec: Required value",
    ),
    "the spec taken from an InferenceService": (
        inference_service(),
        [{"op": "remove", "path": "/spec"}],
        "spec: Required value",
    ),
    "another model of a ModelVersion": (
        model_version(),
        [{"op": "replace", "path": "/spec/model", "value": "other"}],
        "spec.model: Forbidden: model cannot be changed",
    ),
    "another number of a ModelVersion": (
        model_version(),
        [{"op": "replace", "path": "/spec/version", "value": "4"}],
        "spec.version: Forbidden: version cannot be changed",
    ),
    "another source of a ModelVersion": (
        model_version(),
        [{"op": "replace", "path": "/spec/source/modelURI", "value": "models:/m-2"}],
        "spec.source: Forbidden: source cannot be changed",
    ),
    "another lineage of a ModelVersion": (
        model_version(lineage=LINEAGE),
        [{"op": "replace", "path": "/spec/lineage/git/revision", "value": "0000"}],
        "spec.lineage: Forbidden: lineage cannot be changed",
    ),
    "a lineage added later": (
        model_version(),
        [{"op": "add", "path": "/spec/lineage", "value": LINEAGE}],
        "spec.lineage: Forbidden: lineage is written at creation and cannot be added or removed later",
    ),
    "a lineage taken away": (
        model_version(lineage=LINEAGE),
        [{"op": "remove", "path": "/spec/lineage"}],
        "spec.lineage: Forbidden: lineage is written at creation and cannot be added or removed later",
    ),
    "another comparison of a ModelVersion": (
        model_version(evaluation=EVALUATION | {"service": "loans"}),
        [{"op": "replace", "path": "/spec/evaluation/minGain", "value": "0"}],
        "spec.evaluation: Forbidden: evaluation cannot be changed",
    ),
    "a comparison taken away": (
        model_version(evaluation=EVALUATION | {"service": "loans"}),
        [{"op": "remove", "path": "/spec/evaluation"}],
        "spec.evaluation: Forbidden: evaluation is written at creation and cannot be added or removed later",
    ),
    "another model of an InferenceService": (
        inference_service(),
        [{"op": "replace", "path": "/spec/model/name", "value": "other"}],
        "spec.model.name: Forbidden: the model cannot be changed: another model is another InferenceService",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_nobody_can_change(case: str, kubectl: Kubectl) -> None:
    manifest, patch, message = CHANGES[case]
    created = kubectl.read("create", "-f", "-", manifest=manifest)
    name = f"{created['kind']}.leeboard.dev/{created['metadata']['name']}"

    complaint = kubectl.refusal("patch", name, "--type=json", "-p", json.dumps(patch))

    assert message in complaint
    assert kubectl.read("get", name)["spec"] == created["spec"]


def test_an_inference_service_moves_from_a_pinned_version_to_the_newest_approved_one(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=inference_service(model={"name": "car-loan", "version": "3"}))

    patch = {"spec": {"model": {"follow": "Approved", "version": None}}}
    kubectl.do("patch", "lbsvc", "car-loan", "--type=merge", "-p", json.dumps(patch))

    assert kubectl.read("get", "lbsvc", "car-loan")["spec"]["model"] == {"name": "car-loan", "follow": "Approved"}
