"""What a serving runtime is: a pure strategy from one version of a model to the pods that serve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.model_version import Artifact, Fingerprint, Profile
from leeboard.api.resource import Manifest
from leeboard.api.serving import Server
from leeboard.planning.defaults import Defaults
from leeboard.planning.pod_rules import Finding


@dataclass(frozen=True, slots=True)
class Served:
    """One version of the model as it shall serve: everything that a pod template is made from. Not every version has
    a profile.
    """

    service: InferenceService
    revision: Revision
    artifact: Artifact
    fingerprint: Fingerprint
    defaults: Defaults
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of the server's container: requests, and what is in no public Service, where there is any.

    A Service aims at the container's port by its name, so that two revisions may have different numbers.
    """

    http: int
    metrics: int | None

    @property
    def target(self) -> str:
        """The ``targetPort`` of a Service."""
        return "http"


class ServingRuntime(Protocol):
    """From ``Served`` to a pod template; adding one is one file and one line in the table of this package."""

    @property
    def counts(self) -> bool:
        """Whether pods count their requests at ``/monitoring/counts``; checks that need it are refused else."""
        ...

    def ports(self, server: Server) -> Ports:
        """The ports that the server listens on."""
        ...

    def findings(self, server: Server) -> tuple[Finding, ...]:
        """Faults of the user's template, each with its path; empty when it may be merged."""
        ...

    def image(self, server: Server, *, defaults: Defaults) -> str:
        """The image that serves: the user's, else the administrator's; empty where neither names one."""
        ...

    def brings_own_image(self, server: Server) -> bool:
        """Whether the model is loaded in another environment than the one it was fingerprinted in."""
        ...

    def pod_template(self, served: Served, *, labels: Mapping[str, str]) -> Manifest:
        """The pods' template, with ``labels`` on it, the user's own template merged over."""
        ...

    def start_deadline(self, served: Served) -> timedelta:
        """How long a pod may take from its creation until it is ready."""
        ...
