"""The pods of runtime MLflow, as a whole and by what decides each part."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from leeboard.api.inference_service import (
    InferenceService,
    InferenceServiceSpec,
    ModelChoice,
    Revision,
)
from leeboard.api.model_version import Artifact, Fingerprint, Profile
from leeboard.api.resource import Manifest, Metadata
from leeboard.api.serving import Server
from leeboard.planning.defaults import Defaults
from leeboard.planning.duration import seconds_of
from leeboard.planning.serving import APPLIED, RECORD, RUNTIMES, Served, deployment_of

DEFAULTS = Defaults(cluster="test", runtime_image="runtime:1", tracking_uri="http://mlflow:5000")
DIGEST = f"sha256:{7:064x}"
RUNTIME = RUNTIMES["MLflow"]
LABELS = {
    "app.kubernetes.io/managed-by": "leeboard",
    "leeboard.dev/kind": "InferenceService",
    "leeboard.dev/owner": "loans",
    "leeboard.dev/uid": "uid-1",
    "leeboard.dev/revision": "abc",
    "leeboard.dev/model": "car-loan",
    "leeboard.dev/model-version": "car-loan-v3",
}
POOLED = {**LABELS, "pool.leeboard.dev/abc": "true"}
CHOSEN = {"leeboard.dev/uid": "uid-1", "leeboard.dev/revision": "abc"}


def a_server(template: Manifest | None = None, **fields: object) -> Server:
    return Server.model_validate({"template": template, **fields})


def served(server: Server | None = None, *, defaults: Defaults = DEFAULTS, size: int = 3_000_000) -> Served:
    """Version 3 of car-loan, as service ``loans`` serves it."""
    service = InferenceService(
        metadata=Metadata(name="loans", namespace="team", uid="uid-1"),
        spec=InferenceServiceSpec(model=ModelChoice(name="car-loan", follow="Approved"), server=server or a_server()),
    )
    revision = Revision(
        name="abc",
        model_version="car-loan-v3",
        version="3",
        digest=DIGEST,
        deployment="loans-xyz",
        image=RUNTIME.image(service.spec.server, defaults=DEFAULTS),
        template_hash="hash",
        since="2026-03-01T12:00:00Z",
    )
    fingerprint = Fingerprint(
        flavor="sklearn", python_version="3.12.3", row_wise=True, lean=True, environment="Match", record="sha256:x"
    )
    return Served(service, revision, Artifact(uri="models:/m-3", digest=DIGEST, bytes=size), fingerprint, defaults)


def pod_of(one: Served) -> Manifest:
    spec: Manifest = deployment_of(one, RUNTIME)["spec"]["template"]["spec"]
    return spec


def probe(question: str, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": f"/v2/health/{question}", "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
COMMON = {
    "image": "runtime:1",
    "imagePullPolicy": "IfNotPresent",
    "command": ["leeboard-runtime"],
    "securityContext": SECURITY,
    "terminationMessagePolicy": "FallbackToLogsOnError",
}
FETCH = {
    **COMMON,
    "name": "fetch",
    "args": [
        "fetch",
        "--model-uri=models:/m-3",
        "--destination=/mnt/model",
        f"--digest={DIGEST}",
        "--compare-requirements",
    ],
    "env": [{"name": "HOME", "value": "/tmp"}, {"name": "MLFLOW_TRACKING_URI", "value": "http://mlflow:5000"}],
    "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
    "volumeMounts": [
        {"name": "leeboard-tmp", "mountPath": "/tmp"},
        {"name": "leeboard-model", "mountPath": "/mnt/model"},
    ],
}
SERVER = {
    **COMMON,
    "name": "server",
    "args": [
        "serve",
        "--model=/mnt/model",
        "--name=loans",
        "--version=3",
        "--revision=abc",
        "--port=8080",
        "--metrics-port=9090",
        "--batching=true",
        "--lean=true",
        "--request-timeout=60",
        "--drain-timeout=65",
        "--least-drain=5",
    ],
    "env": [{"name": "HOME", "value": "/tmp"}],
    "ports": [
        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
        {"name": "metrics", "containerPort": 9090, "protocol": "TCP"},
    ],
    "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
    "startupProbe": probe("ready", 1, 600),
    "readinessProbe": probe("ready", 2, 3),
    "livenessProbe": probe("live", 10, 6),
    "volumeMounts": [
        {"name": "leeboard-tmp", "mountPath": "/tmp"},
        {"name": "leeboard-model", "mountPath": "/mnt/model", "readOnly": True},
    ],
}


PROFILE = Profile(
    uri="runs:/run-3/leeboard/profile-0.json", digest=DIGEST, bytes=5_000_000, rows=8000, features=7, monitored=7
)


def test_a_profile_is_fetched_with_the_model_and_given_to_the_server() -> None:
    without = pod_of(served())
    spec = pod_of(replace(served(), profile=PROFILE))

    (fetch,), (server,) = spec["initContainers"], spec["containers"]
    mount = {"name": "leeboard-profile", "mountPath": "/mnt/model-profile"}
    assert fetch == {
        **FETCH,
        "args": [
            *FETCH["args"],
            "--profile-uri=runs:/run-3/leeboard/profile-0.json",
            f"--profile-digest={DIGEST}",
            "--profile=/mnt/model-profile/profile.json",
        ],
        "volumeMounts": [*FETCH["volumeMounts"], mount],
    }
    assert server == {
        **SERVER,
        "args": [*SERVER["args"], "--profile=/mnt/model-profile/profile.json"],
        "volumeMounts": [*SERVER["volumeMounts"], {**mount, "readOnly": True}],
    }
    known = [volume["name"] for volume in without["volumes"]]
    assert [volume for volume in spec["volumes"] if volume["name"] not in known] == [
        {"name": "leeboard-profile", "emptyDir": {"sizeLimit": "14Mi"}}
    ]


def test_the_deployment_of_a_version_is() -> None:
    made = deployment_of(served(), RUNTIME)

    applied = made["metadata"]["annotations"].pop(APPLIED)
    assert len(applied) == 16
    assert made == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "loans-xyz",
            "namespace": "team",
            "labels": LABELS,
            "annotations": {
                RECORD: (
                    f'{{"deployment": "loans-xyz", "digest": "{DIGEST}", "image": "runtime:1", "modelVersion":'
                    ' "car-loan-v3", "name": "abc", "templateHash": "hash", "version": "3"}'
                )
            },
            "ownerReferences": [
                {
                    "apiVersion": "leeboard.dev/v1alpha1",
                    "kind": "InferenceService",
                    "name": "loans",
                    "uid": "uid-1",
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": CHOSEN},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 1,
            "template": {
                "metadata": {"labels": POOLED},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "initContainers": [FETCH],
                    "containers": [SERVER],
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "terminationGracePeriodSeconds": 70,
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "kubernetes.io/hostname",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": CHOSEN},
                        }
                    ],
                    "volumes": [
                        {"name": "leeboard-tmp", "emptyDir": {"sizeLimit": "1030Mi"}},
                        {"name": "leeboard-model", "emptyDir": {"sizeLimit": "70Mi"}},
                    ],
                },
            },
        },
    }


def test_credentials_are_given_to_the_container_that_fetches_and_to_no_other() -> None:
    pod = pod_of(served(defaults=replace(DEFAULTS, credentials_secret="mlflow")))

    assert pod["initContainers"][0]["envFrom"] == [{"secretRef": {"name": "mlflow", "optional": True}}]
    assert "envFrom" not in pod["containers"][0]


def test_pull_secrets_of_the_administrator_are_used() -> None:
    pod = pod_of(served(defaults=replace(DEFAULTS, image_pull_secrets=("registry",))))

    assert pod["imagePullSecrets"] == [{"name": "registry"}]


def test_a_large_model_gets_more_room_and_more_time() -> None:
    one = served(size=10_000_000_000)

    pod = pod_of(one)

    assert RUNTIME.start_deadline(one) == timedelta(seconds=800)
    assert pod["containers"][0]["startupProbe"]["failureThreshold"] == 800
    assert {item["name"]: item["emptyDir"]["sizeLimit"] for item in pod["volumes"]} == {
        "leeboard-model": "19138Mi",
        "leeboard-tmp": "20098Mi",
    }


def test_the_grace_period_covers_the_longest_request() -> None:
    pod = pod_of(served(a_server(requestTimeout="1h1m1s")))

    assert pod["terminationGracePeriodSeconds"] == 3661 + 5 + 5
    assert "--drain-timeout=3666" in pod["containers"][0]["args"]


def test_the_users_template_is_merged_over_by_container_name() -> None:
    template = {
        "metadata": {"annotations": {"team": "credit"}},
        "spec": {
            "nodeSelector": {"disk": "fast"},
            "containers": [
                {"name": "log", "image": "log:1"},
                {
                    "name": "server",
                    "image": "mine:1",
                    "env": [{"name": "THREADS", "value": "2"}],
                    "resources": {"limits": {"memory": "8Gi"}},
                },
            ],
        },
    }

    made = deployment_of(served(a_server(template)), RUNTIME)["spec"]["template"]

    server, log = made["spec"]["containers"]
    assert made["metadata"] == {"annotations": {"team": "credit"}, "labels": POOLED}
    assert made["spec"]["nodeSelector"] == {"disk": "fast"}
    assert server["resources"] == {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "8Gi"}}
    assert server["env"] == [{"name": "HOME", "value": "/tmp"}, {"name": "THREADS", "value": "2"}]
    assert server["args"] == SERVER["args"]
    assert (log["name"], log["securityContext"]) == ("log", SECURITY)
    assert [server["image"], made["spec"]["initContainers"][0]["image"]] == ["mine:1", "mine:1"]


def container(name: str, **fields: object) -> Manifest:
    return {"spec": {"containers": [{"name": name, **fields}]}}


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        pytest.param(
            container("server", args=["x"]),
            "spec.containers[0].args belongs to the server",
            id="the server's arguments",
        ),
        pytest.param(
            container("server", livenessProbe={"exec": {}}),
            "spec.containers[0].livenessProbe belongs to the server",
            id="the server's probes",
        ),
        pytest.param(
            container("server", ports=[{"containerPort": 8080}]),
            "spec.containers[0].ports[0] is a port of the server's own",
            id="the server's ports",
        ),
        pytest.param(
            container("log", image="log:1", ports=[{"containerPort": 9090}]),
            "spec.containers[0].ports[0] is a port of the server's own",
            id="the server's ports in another container",
        ),
        pytest.param(
            container("server", volumeMounts=[{"name": "x", "mountPath": "/mnt/model/"}]),
            "spec.containers[0].volumeMounts[0].mountPath is a path of the server's own",
            id="the model's place",
        ),
        pytest.param(
            container("fetch", image="x"),
            "spec.containers[0].name is fetch, a container of the server's own",
            id="the container that fetches",
        ),
        pytest.param(container("log"), "spec.containers[0].image is missing", id="a sidecar without an image"),
        pytest.param(
            {"spec": {"restartPolicy": "Never"}},
            "spec.restartPolicy belongs to the server: it follows from spec.server.requestTimeout",
            id="the restart policy",
        ),
        pytest.param(
            {"spec": {"volumes": [{"name": "leeboard-model", "emptyDir": {}}]}},
            "spec.volumes[0].name is leeboard-model, a volume of the server's own",
            id="the model's volume",
        ),
        pytest.param(
            {"spec": {"hostNetwork": True}}, "spec.hostNetwork is not allowed", id="what the restricted profile forbids"
        ),
        pytest.param(
            {"metadata": {"labels": {"leeboard.dev/uid": "x"}}},
            "metadata.labels[leeboard.dev/uid] belongs to Leeboard",
            id="our labels",
        ),
    ],
)
def test_a_template_is_refused_with_the_path_of(template: Manifest, fault: str) -> None:
    found = RUNTIME.findings(a_server(template))

    assert [str(item) for item in found] == [f"spec.server.template.{fault}"]


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(None, id="none"),
        pytest.param({}, id="an empty one"),
        pytest.param(container("server", resources={"limits": {"memory": "8Gi"}}), id="resources"),
        pytest.param(container("server", image="mine:1"), id="an image"),
        pytest.param(container("log", image="log:1"), id="a sidecar"),
        pytest.param({"spec": {"serviceAccountName": "reader", "automountServiceAccountToken": True}}, id="an account"),
    ],
)
def test_a_template_is_accepted_with(template: Manifest | None) -> None:
    assert RUNTIME.findings(a_server(template)) == ()


@pytest.mark.parametrize(
    ("template", "own"),
    [
        pytest.param(None, False, id="no template"),
        pytest.param(container("log", image="log:1"), False, id="a sidecar's image"),
        pytest.param(container("server", image="mine:1"), True, id="the server's image"),
    ],
)
def test_the_image_is_the_users_with(template: Manifest | None, *, own: bool) -> None:
    server = a_server(template)

    assert (RUNTIME.brings_own_image(server), RUNTIME.image(server, defaults=DEFAULTS)) == (
        own,
        "mine:1" if own else "runtime:1",
    )


def test_the_hash_of_the_template_does_not_know_the_number_of_pods() -> None:
    one, three = (deployment_of(served(a_server(replicas=number)), RUNTIME) for number in (1, 3))

    assert (one["spec"]["replicas"], three["spec"]["replicas"]) == (1, 3)
    assert one["metadata"]["annotations"] == three["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("60s", 60, id="seconds"),
        pytest.param("2m", 120, id="minutes"),
        pytest.param("1h1m1s", 3661, id="all together"),
        pytest.param("30s1m", 90, id="in any order"),
    ],
)
def test_a_duration_in_seconds(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds
