"""Runtime "MLflow": an init container fetches the model and verifies it, the built-in server serves it.

Termination: every kube-proxy needs a moment to see that an endpoint is gone, and new connections still arrive until
then. So from SIGTERM on the server keeps its port open for LEAST_DRAIN_SECONDS, answers with ``Connection: close``, and
ends when no connection is left; longer than the request timeout it does not wait, and the grace period covers it all.
"""

from __future__ import annotations

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
from leeboard.planning.serving.runtime import Ports, Served
from leeboard.planning.serving.template_rules import SERVER_FIELDS, Owned

PORTS = Ports(http=8080, metrics=9090)
PATHS = (pod.MODEL_PATH, pod.PROFILE_PATH, pod.KEYS_PATH, pod.FEEDBACK_PATH, TMP_PATH)
OWNED = Owned(ports=PORTS, paths=PATHS, fields=SERVER_FIELDS)


@dataclass(frozen=True, slots=True)
class MLflowRuntime:
    """The default runtime; see the module."""

    @property
    def counts(self) -> bool:
        """Its pods count their requests."""
        return True

    def ports(self, server: Server) -> Ports:  # noqa: ARG002 - the same for all
        """8080 for requests, 9090 for metrics."""
        return PORTS

    def findings(self, server: Server) -> tuple[Finding, ...]:
        """Faults against the restricted profile, and fields that belong to the runtime."""
        return findings(server.template or {}, path="spec.server.template", rules=OWNED.rules())

    def image(self, server: Server, *, defaults: Defaults) -> str:
        """The image of the user's container ``server``, else the runtime image; both containers run it."""
        return pod.user_image(server) or defaults.runtime_image

    def brings_own_image(self, server: Server) -> bool:
        """Whether the user's container ``server`` names an image."""
        return pod.user_image(server) != ""

    def pod_template(self, served: Served, *, labels: Mapping[str, str]) -> Manifest:
        """Init container ``fetch``, container ``server``, the user's template merged over, restricted."""
        fetch = pod.fetch_container(served, image=served.revision.image, options=("--compare-requirements",))
        fetch = pod.with_profile(fetch, served.profile)
        base = pod.pod_of(served, _server(served, start=self.start_deadline(served)), fetch=fetch, labels=labels)
        if served.profile is not None:
            base["spec"]["volumes"].append(pod.profile_volume(served.profile))
        if (labels_taken := pod.takes_labels(served)) is not None:
            base["spec"]["volumes"] += pod.label_volumes(served.service.metadata, labels_taken)
        template = read_only_root(restricted(merge(base, served.service.spec.server.template or {})))
        return with_metadata(template, labels=dict(labels))

    def start_deadline(self, served: Served) -> timedelta:
        """The administrator's start deadline plus the time that fetching takes at 50 MB/s."""
        return pod.start_deadline(served)


def _server(served: Served, *, start: timedelta) -> Manifest:
    """The container that answers requests."""
    return {
        "name": pod.SERVER,
        "image": served.revision.image,
        "imagePullPolicy": served.defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": _server_arguments(served),
        "ports": pod.container_ports(PORTS),
        "resources": pod.RESOURCES,
        "startupProbe": {**_probe("ready", period=1), "failureThreshold": math.ceil(start.total_seconds())},
        "readinessProbe": {**_probe("ready", period=2), "failureThreshold": 3},
        "livenessProbe": {**_probe("live", period=10), "failureThreshold": 6},
        "volumeMounts": _server_mounts(served),
    }


def _server_mounts(served: Served) -> list[Manifest]:
    """The model, the profile where there is one, and what labels are taken with."""
    mounts: list[Manifest] = [{"name": pod.MODEL_VOLUME, "mountPath": pod.MODEL_PATH, "readOnly": True}]
    if served.profile is not None:
        mounts.append({"name": pod.PROFILE_VOLUME, "mountPath": pod.PROFILE_PATH, "readOnly": True})
    return mounts if pod.takes_labels(served) is None else [*mounts, *pod.label_mounts()]


def _server_arguments(served: Served) -> list[str]:
    """What the server is told: batching only where it is proven harmless."""
    fingerprint, server = served.fingerprint, served.service.spec.server
    return [
        "serve",
        f"--model={pod.MODEL_PATH}",
        f"--name={served.service.metadata.name}",
        f"--version={served.revision.version}",
        f"--revision={served.revision.name}",
        f"--port={PORTS.http}",
        f"--metrics-port={PORTS.metrics}",
        f"--batching={str(fingerprint.row_wise).lower()}",
        f"--lean={str(fingerprint.lean).lower()}",
        f"--request-timeout={seconds_of(server.request_timeout)}",
        f"--drain-timeout={pod.drain_seconds(served)}",
        f"--least-drain={pod.LEAST_DRAIN_SECONDS}",
        *_counting_arguments(served),
        *_label_arguments(served),
    ]


def _counting_arguments(served: Served) -> list[str]:
    """By which profile rows are counted, and what of them apart."""
    if served.profile is None:
        return []
    return [f"--profile={pod.PROFILE_FILE}", *pod.slice_arguments(served.service.spec.monitoring)]


def _label_arguments(served: Served) -> list[str]:
    """Tokens in the answers, and labels by them."""
    labels = pod.takes_labels(served)
    if labels is None:
        return []
    cohort = f"--cohort={seconds_of(labels.cohort)}"
    return [f"--token-keys={pod.KEYS_PATH}", f"--feedback-credential={pod.FEEDBACK_FILE}", cohort]


def _probe(question: str, *, period: int) -> Manifest:
    """A probe of the Open Inference Protocol."""
    path = f"/v2/health/{question}"
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period, "timeoutSeconds": 5}
