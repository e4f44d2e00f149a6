"""What a user's template may not say because it is the runtime's: fields, paths and ports of its own containers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leeboard.api.resource import Manifest
from leeboard.planning.pod_rules import RESTRICTED, Finding, Rule, containers_of, has_containers
from leeboard.planning.pod_template import TMP_VOLUME
from leeboard.planning.serving.pod import FEEDBACK_VOLUME, FETCH, KEYS_VOLUME, MODEL_VOLUME, PROFILE_VOLUME, SERVER
from leeboard.planning.serving.runtime import Ports

POD_FIELDS = ("restartPolicy", "terminationGracePeriodSeconds")
PODINFO_VOLUME = "leeboard-podinfo"
VOLUMES = (MODEL_VOLUME, PROFILE_VOLUME, KEYS_VOLUME, FEEDBACK_VOLUME, TMP_VOLUME, PODINFO_VOLUME)
SERVER_FIELDS = (
    "args",
    "command",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "workingDir",
)
"""Fields of a server that is ours."""


@dataclass(frozen=True, slots=True)
class Owned:
    """What is the runtime's: ports, mount paths and fields of the container ``server``."""

    ports: Ports
    paths: tuple[str, ...]
    fields: tuple[str, ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """The restricted profile, where images and containers may be left out, and what is owned."""
        restricted = (rule for rule in RESTRICTED if rule is not has_containers)
        return (*restricted, _images, _pod_fields, self._containers, self._ports)

    def _containers(self, template: Manifest) -> Iterator[Finding]:
        """What the runtime says of its own containers; ``fetch`` is its own altogether."""
        for path, container in containers_of(template):
            name = container.get("name")
            if name == FETCH:
                yield Finding(f"{path}.name", f"is {FETCH}, a container of the server's own")
            for index, mount in enumerate(container.get("volumeMounts") or ()):
                if name == SERVER and str(mount.get("mountPath", "")).rstrip("/") in self.paths:
                    yield Finding(f"{path}.volumeMounts[{index}].mountPath", "is a path of the server's own")
            for field in self.fields:
                if name == SERVER and container.get(field):
                    yield Finding(f"{path}.{field}", "belongs to the server")

    def _ports(self, template: Manifest) -> Iterator[Finding]:
        """Services and probes rest on the ports, and a pod has each port once."""
        numbers = {self.ports.http, self.ports.metrics} - {None}
        for path, container in containers_of(template):
            for index, port in enumerate(container.get("ports") or ()):
                if port.get("containerPort") in numbers or port.get("name") in {"http", "metrics"}:
                    yield Finding(f"{path}.ports[{index}]", "is a port of the server's own")


def _pod_fields(template: Manifest) -> Iterator[Finding]:
    """Fields of the pod that the order of drain and stop rests on."""
    spec = template.get("spec") or {}
    for field in POD_FIELDS:
        if spec.get(field) is not None:
            yield Finding(f"spec.{field}", "belongs to the server: it follows from spec.server.requestTimeout")
    for index, volume in enumerate(spec.get("volumes") or ()):
        if volume.get("name") in VOLUMES:
            yield Finding(f"spec.volumes[{index}].name", f"is {volume['name']}, a volume of the server's own")


def _images(template: Manifest) -> Iterator[Finding]:
    """Every container but the server says which image."""
    for path, container in containers_of(template):
        if container.get("name") not in {SERVER, FETCH} and not container.get("image"):
            yield Finding(f"{path}.image", "is missing")
