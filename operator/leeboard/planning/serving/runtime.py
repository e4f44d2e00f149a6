"""What a serving runtime is: a pure strategy from one version of a model to the pods that serve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.model_version import Artifact, Fingerprint
from leeboard.api.resource import Manifest
from leeboard.api.serving import Server
from leeboard.planning.defaults import Defaults
from leeboard.planning.pod_rules import Finding


@dataclass(frozen=True, slots=True)
class Served:
    """One version of the model as it shall serve: everything that a pod template is made from."""

    service: InferenceService
    revision: Revision
    artifact: Artifact
    fingerprint: Fingerprint
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of the server's container: requests, and what is in no public Service."""

    http: int
    metrics: int


class ServingRuntime(Protocol):
    """From ``Served`` to a pod template; adding one is one file and one line in the table of this package."""

    @property
    def ports(self) -> Ports:
        """The ports that the server listens on."""
        ...

    def findings(self, server: Server) -> tuple[Finding, ...]:
        """Faults of the user's template, each with its path; empty when it may be merged."""
        ...

    def image(self, server: Server, *, default: str) -> str:
        """The image that serves: the user's, else ``default``."""
        ...

    def brings_own_image(self, server: Server) -> bool:
        """Whether the user's template names the server's image."""
        ...

    def pod_template(self, served: Served, *, labels: Mapping[str, str]) -> Manifest:
        """The pods' template, with ``labels`` on it, the user's own template merged over."""
        ...

    def start_deadline(self, served: Served) -> timedelta:
        """How long a pod may take from its creation until it is ready."""
        ...
