"""The pods of runtime Custom: what is ours of them, what the user's container says first, and what is refused."""

from __future__ import annotations

import pytest

from leeboard.api.inference_service import InferenceServiceSpec, ModelChoice
from leeboard.api.resource import Manifest
from leeboard.api.rollout import Analysis, Rollout
from leeboard.planning.serving import RUNTIMES, Ports, check_findings
from tests.unit.planning.serving.builders import DEFAULTS, DIGEST, LABELS, a_server, container, template_of

RUNTIME = RUNTIMES["Custom"]
IMAGE = container("server", image="mine:1")
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
OPEN_PORT = {"tcpSocket": {"port": "http"}}
READY = {"httpGet": {"path": "/healthz", "port": "http"}}


def test_the_pods_are() -> None:
    custom = {"port": 8500, "metricsPort": 8501, "readinessPath": "/healthz", "modelPath": "/models/one"}

    made = template_of(a_server("Custom", IMAGE, custom=custom, requestTimeout="30s"))

    fetch = made["spec"].pop("initContainers")
    server = made["spec"].pop("containers")
    assert made["metadata"] == {"labels": LABELS}
    assert made["spec"] == {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 40,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": LABELS},
            }
        ],
        "volumes": [
            {"name": "leeboard-tmp", "emptyDir": {"sizeLimit": "1030Mi"}},
            {"name": "leeboard-model", "emptyDir": {"sizeLimit": "70Mi"}},
        ],
    }
    assert fetch == [
        {
            "name": "fetch",
            "image": "runtime:1",
            "imagePullPolicy": "IfNotPresent",
            "command": ["leeboard-runtime"],
            "args": ["fetch", "--model-uri=models:/m-3", "--destination=/mnt/model", f"--digest={DIGEST}"],
            "env": [{"name": "HOME", "value": "/tmp"}, {"name": "MLFLOW_TRACKING_URI", "value": "http://mlflow:5000"}],
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
            "securityContext": {**RESTRICTED, "readOnlyRootFilesystem": True},
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [
                {"name": "leeboard-tmp", "mountPath": "/tmp"},
                {"name": "leeboard-model", "mountPath": "/mnt/model"},
            ],
        }
    ]
    assert server == [
        {
            "name": "server",
            "image": "mine:1",
            "imagePullPolicy": "IfNotPresent",
            "env": [
                {"name": "MODEL_NAME", "value": "car-loan"},
                {"name": "MODEL_VERSION", "value": "3"},
                {"name": "MODEL_PATH", "value": "/models/one"},
            ],
            "ports": [
                {"name": "http", "containerPort": 8500, "protocol": "TCP"},
                {"name": "metrics", "containerPort": 8501, "protocol": "TCP"},
            ],
            "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
            "startupProbe": {**READY, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 600},
            "readinessProbe": {**READY, "periodSeconds": 2, "timeoutSeconds": 5, "failureThreshold": 3},
            "livenessProbe": {**OPEN_PORT, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            "securityContext": RESTRICTED,
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [{"name": "leeboard-model", "mountPath": "/models/one", "readOnly": True}],
        }
    ]


def test_a_server_of_which_nothing_is_said_is_asked_by_its_port_alone() -> None:
    [server] = template_of(a_server("Custom", IMAGE))["spec"]["containers"]

    assert server["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert {key: server["readinessProbe"].get(key) for key in ("tcpSocket", "httpGet")} == {
        **OPEN_PORT,
        "httpGet": None,
    }
    assert RUNTIME.ports(a_server("Custom", IMAGE)) == Ports(http=8080, metrics=None)


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_a_probe_of_the_users_replaces_ours_whole(probe: str) -> None:
    theirs = {"exec": {"command": ["ask"]}, "periodSeconds": 7}
    others = {"startupProbe", "readinessProbe", "livenessProbe"} - {probe}

    [server] = template_of(a_server("Custom", container("server", image="mine:1", **{probe: theirs})))["spec"][
        "containers"
    ]

    assert server[probe] == theirs
    assert all("tcpSocket" in server[other] for other in others)


def test_the_users_way_to_stop_replaces_ours_and_another_hook_does_not() -> None:
    stop = {"exec": {"command": ["drain"]}}

    [stopping] = template_of(a_server("Custom", container("server", image="i", lifecycle={"preStop": stop})))["spec"][
        "containers"
    ]
    [starting] = template_of(a_server("Custom", container("server", image="i", lifecycle={"postStart": stop})))["spec"][
        "containers"
    ]

    assert stopping["lifecycle"] == {"preStop": stop}
    assert starting["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}, "postStart": stop}


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        pytest.param(
            None,
            "containers needs a container named server with an image: runtime Custom has none of its own",
            id="no image",
        ),
        pytest.param(
            container("server", image="i", ports=[{"containerPort": 8500}]),
            "containers[0].ports[0] is a port of the server's own",
            id="the port of requests",
        ),
        pytest.param(
            container("server", image="i", volumeMounts=[{"name": "x", "mountPath": "/models/one"}]),
            "containers[0].volumeMounts[0].mountPath is a path of the server's own",
            id="the model's place",
        ),
        pytest.param(
            {"spec": {**IMAGE["spec"], "terminationGracePeriodSeconds": 3}},
            "terminationGracePeriodSeconds belongs to the server: it follows from spec.server.requestTimeout",
            id="the grace period",
        ),
        pytest.param(
            {"spec": {**IMAGE["spec"], "hostPID": True}}, "hostPID is not allowed", id="what the profile forbids"
        ),
    ],
)
def test_a_template_is_refused_for(template: Manifest | None, fault: str) -> None:
    server = a_server("Custom", template, custom={"port": 8500, "modelPath": "/models/one/"})

    assert [str(item) for item in RUNTIME.findings(server)] == [f"spec.server.template.spec.{fault}"]


def test_a_container_of_the_users_may_say_what_it_runs() -> None:
    template = container("server", image="i", command=["serve"], args=["--fast"], workingDir="/app")

    assert RUNTIME.findings(a_server("Custom", template)) == ()
    assert RUNTIME.image(a_server("Custom", template), defaults=DEFAULTS) == "i"


ERRORS = {"name": "errors", "errorRate": {"margin": "0.01"}}
SLOW = {"name": "slow", "latency": {"ratio": "1.5"}}
CLIENTS = {"name": "clients", "clientErrorRate": {"max": "0.1"}}
OTHERS = {"name": "others", "disagreement": {"max": "0.1"}}
QUERY = {"name": "query", "prometheus": {"provider": "main", "query": "up", "min": "1"}}
WHY = "needs pods that count their requests, which those of runtime {} do not"
WAY_OUT = "name a Prometheus server by analysis.source, or use prometheus"


def checked(runtime: str, *checks: Manifest, source: str | None = None) -> list[str]:
    """What is refused of an analysis, below ``spec.rollout.analysis``."""
    analysis = {"checks": checks, "source": {"provider": source} if source else None}
    spec = InferenceServiceSpec(
        model=ModelChoice(name="car-loan", follow="Approved"),
        server=a_server(runtime),
        rollout=Rollout(analysis=Analysis.model_validate(analysis)),
    )
    return [str(item).removeprefix("spec.rollout.analysis.") for item in check_findings(spec)]


@pytest.mark.parametrize("runtime", ["Custom", "Seldon"])
def test_checks_that_need_counted_requests_are_refused_by_their_paths(runtime: str) -> None:
    why = WHY.format(runtime)

    assert checked(runtime, ERRORS, QUERY, SLOW, CLIENTS, OTHERS) == [
        f"checks[0].errorRate {why}: {WAY_OUT}",
        f"checks[2].latency {why}: {WAY_OUT}",
        f"checks[3].clientErrorRate {why}: {WAY_OUT}",
        f"checks[4].disagreement {why}: leave it out",
    ]


def test_with_a_prometheus_server_as_source_only_disagreement_is_refused() -> None:
    assert checked("Custom", ERRORS, SLOW, CLIENTS, QUERY, source="main") == []
    assert checked("Custom", OTHERS, source="main") == [f"checks[0].disagreement {WHY.format('Custom')}: leave it out"]


def test_the_built_in_server_answers_every_check() -> None:
    assert checked("MLflow", ERRORS, SLOW, CLIENTS, OTHERS, QUERY) == []
