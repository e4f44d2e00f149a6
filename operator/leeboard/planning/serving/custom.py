"""Runtime "Custom": any image with a port; the model's verified files are mounted, probes and the stop are ours.

Termination: a server that knows nothing of Kubernetes ends as soon as it is told to stop, while connections still
arrive. So the kubelet sleeps first (``preStop``), until every kube-proxy has seen that the endpoint is gone; what the
server then finishes, the grace period covers. What the user's container says of probes and ``preStop`` comes first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from leeboard.api.resource import Manifest
from leeboard.api.serving import Custom, Server
from leeboard.planning.defaults import Defaults
from leeboard.planning.pod_rules import Finding, findings
from leeboard.planning.pod_template import merge, read_only_root, restricted, with_metadata
from leeboard.planning.serving import pod
from leeboard.planning.serving.runtime import Ports, Served
from leeboard.planning.serving.template_rules import Owned

TEMPLATE = "spec.server.template"
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


@dataclass(frozen=True, slots=True)
class CustomRuntime:
    """Any server; see the module."""

    @property
    def counts(self) -> bool:
        """Its pods count nothing that we know of."""
        return False

    def ports(self, server: Server) -> Ports:
        """Those of ``spec.server.custom``."""
        custom = _custom(server)
        return Ports(http=custom.port, metrics=custom.metrics_port)

    def findings(self, server: Server) -> tuple[Finding, ...]:
        """Faults against the restricted profile, what belongs to the runtime, and an image that is missing."""
        owned = Owned(ports=self.ports(server), paths=(_custom(server).model_path.rstrip("/"),))
        faults = findings(server.template or {}, path=TEMPLATE, rules=owned.rules())
        if not pod.user_image(server):
            missing = f"needs a container named {pod.SERVER} with an image: runtime Custom has none of its own"
            faults = (*faults, Finding(f"{TEMPLATE}.spec.containers", missing))
        return faults

    def image(self, server: Server, *, defaults: Defaults) -> str:  # noqa: ARG002 - there is no default one
        """The image of the user's container ``server``."""
        return pod.user_image(server)

    def brings_own_image(self, server: Server) -> bool:  # noqa: ARG002 - always
        """Always: the model is loaded by the user's image."""
        return True

    def pod_template(self, served: Served, *, labels: Mapping[str, str]) -> Manifest:
        """Init container ``fetch`` of the runtime image, the user's container ``server``, restricted.

        Only ``fetch`` gets a read-only root: any image may write anywhere.
        """
        server = served.service.spec.server
        fetch = pod.fetch_container(served, image=served.defaults.runtime_image)
        container = without(_server(served, self.ports(server)), pod.user_container(server))
        base = pod.pod_of(served, container, fetch=fetch, labels=labels)
        template = read_only_root(restricted(merge(base, server.template or {})), only=(pod.FETCH,))
        return with_metadata(template, labels=dict(labels))

    def start_deadline(self, served: Served) -> timedelta:
        """The administrator's start deadline plus the time that fetching takes at 50 MB/s."""
        return pod.start_deadline(served)


def environment(served: Served, *, model_path: str) -> list[Manifest]:
    """What a server that is not ours is told of the model, as variables."""
    told = {
        "MODEL_NAME": served.service.spec.model.name,
        "MODEL_VERSION": served.revision.version,
        "MODEL_PATH": model_path,
    }
    return [{"name": name, "value": value} for name, value in told.items()]


def stop_after(seconds: int) -> Manifest:
    """The lifecycle of a container that is told to stop ``seconds`` after its pod is."""
    return {"preStop": {"sleep": {"seconds": seconds}}}


def without(ours: Manifest, theirs: Manifest) -> Manifest:
    """``ours`` without the probes and the ``preStop`` that the user's container brings: two of them do not merge."""
    kept = {key: value for key, value in ours.items() if not (key in PROBES and theirs.get(key))}
    if (theirs.get("lifecycle") or {}).get("preStop"):
        kept.pop("lifecycle", None)
    return kept


def _server(served: Served, ports: Ports) -> Manifest:
    """What is ours of the container ``server``."""
    custom = _custom(served.service.spec.server)
    ready = _question(custom)
    start = math.ceil(pod.start_deadline(served).total_seconds())
    return {
        "name": pod.SERVER,
        "image": served.revision.image,
        "imagePullPolicy": served.defaults.image_pull_policy,
        "env": environment(served, model_path=custom.model_path),
        "ports": pod.container_ports(ports),
        "resources": pod.RESOURCES,
        "startupProbe": {**ready, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": start},
        "readinessProbe": {**ready, "periodSeconds": 2, "timeoutSeconds": 5, "failureThreshold": 3},
        "livenessProbe": {**OPEN_PORT, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "lifecycle": stop_after(pod.LEAST_DRAIN_SECONDS),
        "volumeMounts": [{"name": pod.MODEL_VOLUME, "mountPath": custom.model_path, "readOnly": True}],
    }


OPEN_PORT: Manifest = {"tcpSocket": {"port": "http"}}


def _question(custom: Custom) -> Manifest:
    """What is asked to know whether the server is ready."""
    if custom.readiness_path is None:
        return OPEN_PORT
    return {"httpGet": {"path": custom.readiness_path, "port": "http"}}


def _custom(server: Server) -> Custom:
    """What the user says of the server, else the defaults."""
    return server.custom or Custom()
