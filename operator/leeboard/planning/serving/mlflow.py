"""Runtime "MLflow": an init container fetches the model and verifies it, the built-in server serves it.

    fetch (init, speaks with MLflow, writes the volume) -> server (no credentials, reads the volume)

Termination: every kube-proxy needs a moment to see that an endpoint is gone, and new connections still arrive until
then. So from SIGTERM on the server keeps its port open for LEAST_DRAIN_SECONDS, answers with ``Connection: close``, and
ends when no connection is left; longer than the request timeout it does not wait, and the grace period covers it all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.api.serving import Server
from leeboard.planning.pod_rules import RESTRICTED, Finding, containers_of, findings, has_containers
from leeboard.planning.pod_template import (
    TMP_PATH,
    TMP_VOLUME,
    merge,
    read_only_root,
    restricted,
    with_credentials,
    with_metadata,
)
from leeboard.planning.serving.duration import seconds_of
from leeboard.planning.serving.runtime import Ports, Served

PORTS = Ports(http=8080, metrics=9090)
SERVER = "server"
FETCH = "fetch"
MODEL_VOLUME = "leeboard-model"
MODEL_PATH = "/mnt/model"
LEAST_DRAIN_SECONDS = 5
EXIT_SECONDS = 5
FETCH_BYTES_PER_SECOND = 50 * 1000 * 1000
MEBIBYTE = 1024 * 1024
OWNED_CONTAINER_FIELDS = (
    "args",
    "command",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "workingDir",
)
OWNED_POD_FIELDS = ("restartPolicy", "terminationGracePeriodSeconds")
OWNED_PATHS = (MODEL_PATH, TMP_PATH)
OWNED_VOLUMES = (MODEL_VOLUME, TMP_VOLUME)


@dataclass(frozen=True, slots=True)
class MLflowRuntime:
    """The default runtime; see the module."""

    @property
    def ports(self) -> Ports:
        """8080 for requests, 9090 for metrics."""
        return PORTS

    def findings(self, server: Server) -> tuple[Finding, ...]:
        """Faults against the restricted profile, and fields that belong to the runtime."""
        return findings(server.template or {}, path="spec.server.template", rules=RULES)

    def image(self, server: Server, *, default: str) -> str:
        """The image of the user's container ``server``, else ``default``; both containers run it."""
        return _user_image(server) or default

    def brings_own_image(self, server: Server) -> bool:
        """Whether the user's container ``server`` names an image."""
        return _user_image(server) is not None

    def pod_template(self, served: Served, *, labels: Mapping[str, str]) -> Manifest:
        """Init container ``fetch``, container ``server``, the user's template merged over, restricted."""
        base: Manifest = {
            "spec": {
                "enableServiceLinks": False,
                "imagePullSecrets": [{"name": name} for name in served.defaults.image_pull_secrets],
                "initContainers": [_fetch(served)],
                "containers": [_server(served, start=self.start_deadline(served))],
                "terminationGracePeriodSeconds": _drain_seconds(served) + EXIT_SECONDS,
                "topologySpreadConstraints": [_spread(labels)],
                "volumes": _volumes(served.artifact.bytes),
            }
        }
        if not served.defaults.image_pull_secrets:
            del base["spec"]["imagePullSecrets"]
        template = read_only_root(restricted(merge(base, served.service.spec.server.template or {})))
        return with_metadata(template, labels=dict(labels))

    def start_deadline(self, served: Served) -> timedelta:
        """The administrator's start deadline plus the time that fetching takes at 50 MB/s."""
        return served.defaults.start_deadline + timedelta(seconds=served.artifact.bytes // FETCH_BYTES_PER_SECOND)


def _fetch(served: Served) -> Manifest:
    """The init container: the only one that speaks with MLflow, and it loads nothing."""
    container: Manifest = {
        "name": FETCH,
        "image": served.revision.image,
        "imagePullPolicy": served.defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": [
            "fetch",
            f"--model-uri={served.artifact.uri}",
            f"--destination={MODEL_PATH}",
            f"--digest={served.artifact.digest}",
            "--compare-requirements",
        ],
        "env": [{"name": "MLFLOW_TRACKING_URI", "value": served.defaults.tracking_uri}],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        "volumeMounts": [{"name": MODEL_VOLUME, "mountPath": MODEL_PATH}],
    }
    return with_credentials(container, served.defaults.credentials_secret)


def _server(served: Served, *, start: timedelta) -> Manifest:
    """The container that answers requests."""
    return {
        "name": SERVER,
        "image": served.revision.image,
        "imagePullPolicy": served.defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": _server_arguments(served),
        "ports": [
            {"name": "http", "containerPort": PORTS.http, "protocol": "TCP"},
            {"name": "metrics", "containerPort": PORTS.metrics, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "startupProbe": {**_probe("ready", period=1), "failureThreshold": math.ceil(start.total_seconds())},
        "readinessProbe": {**_probe("ready", period=2), "failureThreshold": 3},
        "livenessProbe": {**_probe("live", period=10), "failureThreshold": 6},
        "volumeMounts": [{"name": MODEL_VOLUME, "mountPath": MODEL_PATH, "readOnly": True}],
    }


def _server_arguments(served: Served) -> list[str]:
    """What the server is told: batching only where it is proven harmless."""
    fingerprint, server = served.fingerprint, served.service.spec.server
    return [
        "serve",
        f"--model={MODEL_PATH}",
        f"--name={served.service.metadata.name}",
        f"--version={served.revision.version}",
        f"--port={PORTS.http}",
        f"--metrics-port={PORTS.metrics}",
        f"--batching={str(fingerprint.row_wise).lower()}",
        f"--lean={str(fingerprint.lean).lower()}",
        f"--request-timeout={seconds_of(server.request_timeout)}",
        f"--drain-timeout={_drain_seconds(served)}",
        f"--least-drain={LEAST_DRAIN_SECONDS}",
    ]


def _probe(question: str, *, period: int) -> Manifest:
    """A probe of the Open Inference Protocol."""
    path = f"/v2/health/{question}"
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period, "timeoutSeconds": 5}


def _drain_seconds(served: Served) -> int:
    """From SIGTERM until open connections are cut: the longest request, begun as late as one can be."""
    return seconds_of(served.service.spec.server.request_timeout) + LEAST_DRAIN_SECONDS


def _spread(labels: Mapping[str, str]) -> Manifest:
    """Pods of one version on different nodes where there is room."""
    chosen = {key: labels[key] for key in (Label.UID, Label.REVISION)}
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": chosen},
    }


def _volumes(size: int) -> list[Manifest]:
    """Room for the model, and for what a download or a model's own cache needs; limits protect the node's disk."""
    mebibytes = math.ceil(size / MEBIBYTE)
    return [
        {"name": MODEL_VOLUME, "emptyDir": {"sizeLimit": f"{2 * mebibytes + 64}Mi"}},
        {"name": TMP_VOLUME, "emptyDir": {"sizeLimit": f"{2 * mebibytes + 1024}Mi"}},
    ]


def _user_image(server: Server) -> str | None:
    """The image that the user's container ``server`` names."""
    for container in ((server.template or {}).get("spec") or {}).get("containers") or ():
        if container.get("name") == SERVER and container.get("image"):
            return str(container["image"])
    return None


def _owned_pod_fields(template: Manifest) -> Iterator[Finding]:
    """Fields of the pod that the order of drain and stop rests on."""
    spec = template.get("spec") or {}
    for field in OWNED_POD_FIELDS:
        if spec.get(field) is not None:
            yield Finding(f"spec.{field}", "belongs to the server: it follows from spec.server.requestTimeout")
    for index, volume in enumerate(spec.get("volumes") or ()):
        if volume.get("name") in OWNED_VOLUMES:
            yield Finding(f"spec.volumes[{index}].name", f"is {volume['name']}, a volume of the server's own")


def _owned_containers(template: Manifest) -> Iterator[Finding]:
    """What the runtime says of its own containers; ``fetch`` is its own altogether."""
    for path, container in containers_of(template):
        name = container.get("name")
        if name == FETCH:
            yield Finding(f"{path}.name", f"is {FETCH}, a container of the server's own")
        for index, mount in enumerate(container.get("volumeMounts") or ()):
            if name == SERVER and str(mount.get("mountPath", "")).rstrip("/") in OWNED_PATHS:
                yield Finding(f"{path}.volumeMounts[{index}].mountPath", "is a path of the server's own")
        for field in OWNED_CONTAINER_FIELDS:
            if name == SERVER and container.get(field):
                yield Finding(f"{path}.{field}", "belongs to the server")


def _owned_ports(template: Manifest) -> Iterator[Finding]:
    """The server's ports are the runtime's: the Service and the probes rest on them, and a pod has each port once."""
    for path, container in containers_of(template):
        for index, port in enumerate(container.get("ports") or ()):
            if port.get("containerPort") in {PORTS.http, PORTS.metrics} or port.get("name") in {"http", "metrics"}:
                yield Finding(f"{path}.ports[{index}]", "is a port of the server's own")


def _images(template: Manifest) -> Iterator[Finding]:
    """Every container but the server says which image."""
    for path, container in containers_of(template):
        if container.get("name") not in {SERVER, FETCH} and not container.get("image"):
            yield Finding(f"{path}.image", "is missing")


RULES = (
    *(rule for rule in RESTRICTED if rule is not has_containers),
    _images,
    _owned_pod_fields,
    _owned_containers,
    _owned_ports,
)
