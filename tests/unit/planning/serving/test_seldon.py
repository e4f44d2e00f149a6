"""The pods of runtime Seldon: the wrapper with its own ports, probes, names and times."""

from __future__ import annotations

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.serving import RUNTIMES, Ports
from tests.unit.planning.serving.builders import DEFAULTS, DIGEST, LABELS, a_server, container, template_of

RUNTIME = RUNTIMES["Seldon"]
READY = {"httpGet": {"path": "/health/status", "port": "http"}}


def test_the_wrapper_is() -> None:
    [server] = template_of(a_server("Seldon", requestTimeout="30s"))["spec"]["containers"]

    assert server == {
        "name": "server",
        "image": "seldon:1",
        "imagePullPolicy": "IfNotPresent",
        "command": ["seldon-core-microservice"],
        "args": [
            "leeboard_seldon.model.MLflowModel",
            "--service-type=MODEL",
            "--http-port=9000",
            "--metrics-port=6000",
            "--grpc-workers=0",
        ],
        "env": [
            {"name": "HOME", "value": "/tmp"},
            {"name": "MODEL_NAME", "value": "car-loan"},
            {"name": "MODEL_VERSION", "value": "3"},
            {"name": "MODEL_PATH", "value": "/mnt/model"},
            {"name": "SELDON_DEPLOYMENT_ID", "value": "loans"},
            {"name": "PREDICTIVE_UNIT_ID", "value": "car-loan"},
            {"name": "PREDICTOR_ID", "value": "abc"},
            {"name": "PREDICTOR_LABELS", "value": '{"version": "3"}'},
            {"name": "PREDICTIVE_UNIT_IMAGE", "value": "seldon:1"},
            {"name": "INCLUDE_METRICS_IN_CLIENT_RESPONSE", "value": "false"},
        ],
        "ports": [
            {"name": "http", "containerPort": 9000, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 6000, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "startupProbe": {**READY, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 600},
        "readinessProbe": {**READY, "periodSeconds": 2, "timeoutSeconds": 30, "failureThreshold": 3},
        "livenessProbe": {
            "tcpSocket": {"port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": 35}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "leeboard-tmp", "mountPath": "/tmp"},
            {"name": "leeboard-model", "mountPath": "/mnt/model", "readOnly": True},
            {"name": "leeboard-podinfo", "mountPath": "/etc/podinfo", "readOnly": True},
        ],
    }


def test_the_request_timeout_reaches_the_wrapper_as_an_annotation_of_its_pod() -> None:
    made = template_of(a_server("Seldon", requestTimeout="2m"))

    assert made["metadata"] == {"labels": LABELS, "annotations": {"seldon.io/rest-timeout": "120000"}}
    assert made["spec"]["volumes"][-1] == {
        "name": "leeboard-podinfo",
        "downwardAPI": {
            "items": [{"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}],
        },
    }


def test_the_wrapper_is_told_to_stop_when_the_longest_request_is_over() -> None:
    spec = template_of(a_server("Seldon", requestTimeout="2m"))["spec"]

    sleep = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert (sleep, spec["terminationGracePeriodSeconds"]) == (125, 135)


def test_the_model_is_fetched_by_the_runtime_image_which_does_not_judge_its_requirements() -> None:
    [fetch] = template_of(a_server("Seldon"))["spec"]["initContainers"]

    assert (fetch["image"], fetch["args"]) == (
        "runtime:1",
        ["fetch", "--model-uri=models:/m-3", "--destination=/mnt/model", f"--digest={DIGEST}"],
    )


@pytest.mark.parametrize(
    ("template", "image"),
    [
        pytest.param(None, "seldon:1", id="the administrator's"),
        pytest.param(container("server", image="mine:1"), "mine:1", id="the user's"),
    ],
)
def test_the_image_is(template: Manifest | None, image: str) -> None:
    server = a_server("Seldon", template)

    assert RUNTIME.image(server, defaults=DEFAULTS) == image
    assert RUNTIME.brings_own_image(server)
    assert RUNTIME.ports(server) == Ports(http=9000, metrics=6000)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        pytest.param(container("server", args=["x"]), "containers[0].args belongs to the server", id="its arguments"),
        pytest.param(
            container("server", ports=[{"containerPort": 6000}]),
            "containers[0].ports[0] is a port of the server's own",
            id="its metrics' port",
        ),
        pytest.param(
            container("server", volumeMounts=[{"name": "x", "mountPath": "/etc/podinfo"}]),
            "containers[0].volumeMounts[0].mountPath is a path of the server's own",
            id="the place of its annotations",
        ),
        pytest.param(
            {"spec": {"volumes": [{"name": "leeboard-podinfo", "emptyDir": {}}]}},
            "volumes[0].name is leeboard-podinfo, a volume of the server's own",
            id="the volume of its annotations",
        ),
    ],
)
def test_a_template_is_refused_for(template: Manifest, fault: str) -> None:
    assert [str(item) for item in RUNTIME.findings(a_server("Seldon", template))] == [
        f"spec.server.template.spec.{fault}"
    ]
