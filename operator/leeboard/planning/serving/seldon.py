"""Runtime "Seldon": seldon-core's microservice wrapper around an MLflow model, a preset of Custom.

The image is ours (target ``seldon`` of the Dockerfile) and has its own libraries, so the model is loaded in another
environment than the one it was fingerprinted in. The wrapper's process is gunicorn with one request at a time:

- A probe waits behind the request that is being answered, so it is as patient as a request may take.
- It drops what waits in its backlog as soon as it is told to stop, and gives the rest 30 s whatever we say. So it is
  told only when the longest request is over; until then the pod has no endpoint and answers what it has.
- How long a request may take it reads from the pod's own annotations, by a volume, as Seldon's operator sets it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from leeboard.api.resource import Manifest
from leeboard.api.serving import Server
from leeboard.planning.defaults import Defaults
from leeboard.planning.duration import seconds_of
from leeboard.planning.pod_rules import Finding, findings
from leeboard.planning.pod_template import TMP_PATH, merge, read_only_root, restricted, with_metadata
from leeboard.planning.serving import pod
from leeboard.planning.serving.custom import OPEN_PORT, TEMPLATE, environment, stop_after
from leeboard.planning.serving.runtime import Ports, Served
from leeboard.planning.serving.template_rules import PODINFO_VOLUME, SERVER_FIELDS, Owned

PORTS = Ports(http=9000, metrics=6000)
TIMEOUT = "seldon.io/rest-timeout"
"""Annotation in milliseconds; the wrapper kills its worker when a request takes longer."""
PODINFO_PATH = "/etc/podinfo"
OWNED = Owned(ports=PORTS, paths=(pod.MODEL_PATH, TMP_PATH, PODINFO_PATH), fields=SERVER_FIELDS)
ARGUMENTS = (
    "leeboard_seldon.model.MLflowModel",
    "--service-type=MODEL",
    f"--http-port={PORTS.http}",
    f"--metrics-port={PORTS.metrics}",
    "--grpc-workers=0",
)


@dataclass(frozen=True, slots=True)
class SeldonRuntime:
    """seldon-core 1.17.1, the last release under Apache-2.0; see the module."""

    @property
    def counts(self) -> bool:
        """Its pods export metrics, but do not count as ours do."""
        return False

    def ports(self, server: Server) -> Ports:  # noqa: ARG002 - the same for all
        """9000 for requests, 6000 for metrics: the wrapper's own defaults."""
        return PORTS

    def findings(self, server: Server) -> tuple[Finding, ...]:
        """Faults against the restricted profile, and fields that belong to the runtime."""
        return findings(server.template or {}, path=TEMPLATE, rules=OWNED.rules())

    def image(self, server: Server, *, defaults: Defaults) -> str:
        """The image of the user's container ``server``, else the administrator's."""
        return pod.user_image(server) or defaults.seldon_image

    def brings_own_image(self, server: Server) -> bool:  # noqa: ARG002 - always
        """Always: the wrapper's libraries are older than those of the image that fingerprints."""
        return True

    def pod_template(self, served: Served, *, labels: Mapping[str, str]) -> Manifest:
        """Init container ``fetch`` of the runtime image, the wrapper as ``server``, read-only and restricted."""
        fetch = pod.fetch_container(served, image=served.defaults.runtime_image)
        base = pod.pod_of(served, _server(served), fetch=fetch, labels=labels)
        base["spec"]["terminationGracePeriodSeconds"] += pod.LEAST_DRAIN_SECONDS
        base["spec"]["volumes"].append(_podinfo())
        template = read_only_root(restricted(merge(base, served.service.spec.server.template or {})))
        timeout = f"{_longest(served)}000"
        return with_metadata(template, labels=dict(labels), annotations={TIMEOUT: timeout})

    def start_deadline(self, served: Served) -> timedelta:
        """The administrator's start deadline plus the time that fetching takes at 50 MB/s."""
        return pod.start_deadline(served)


def _server(served: Served) -> Manifest:
    """The wrapper."""
    start = math.ceil(pod.start_deadline(served).total_seconds())
    return {
        "name": pod.SERVER,
        "image": served.revision.image,
        "imagePullPolicy": served.defaults.image_pull_policy,
        "command": ["seldon-core-microservice"],
        "args": list(ARGUMENTS),
        "env": [*environment(served, model_path=pod.MODEL_PATH), *_names(served)],
        "ports": pod.container_ports(PORTS),
        "resources": pod.RESOURCES,
        "startupProbe": {**_ready(5), "periodSeconds": 1, "failureThreshold": start},
        "readinessProbe": {**_ready(_longest(served)), "periodSeconds": 2, "failureThreshold": 3},
        "livenessProbe": {**OPEN_PORT, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "lifecycle": stop_after(pod.drain_seconds(served)),
        "volumeMounts": [
            {"name": pod.MODEL_VOLUME, "mountPath": pod.MODEL_PATH, "readOnly": True},
            {"name": PODINFO_VOLUME, "mountPath": PODINFO_PATH, "readOnly": True},
        ],
    }


def _names(served: Served) -> list[Manifest]:
    """By what the wrapper names its metrics, as Seldon's operator tells it; clients get none of them."""
    told = {
        "SELDON_DEPLOYMENT_ID": served.service.metadata.name,
        "PREDICTIVE_UNIT_ID": served.service.spec.model.name,
        "PREDICTOR_ID": served.revision.name,
        "PREDICTOR_LABELS": json.dumps({"version": served.revision.version}),
        "PREDICTIVE_UNIT_IMAGE": served.revision.image,
        "INCLUDE_METRICS_IN_CLIENT_RESPONSE": "false",
    }
    return [{"name": name, "value": value} for name, value in told.items()]


def _ready(timeout_seconds: int) -> Manifest:
    """The wrapper's own health question, which its one worker answers when it has loaded the model."""
    return {"httpGet": {"path": "/health/status", "port": "http"}, "timeoutSeconds": timeout_seconds}


def _longest(served: Served) -> int:
    """Seconds that a request may take."""
    return max(1, seconds_of(served.service.spec.server.request_timeout))


def _podinfo() -> Manifest:
    """The pod's annotations as a file."""
    item = {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}
    return {"name": PODINFO_VOLUME, "downwardAPI": {"items": [item]}}
