"""What the scenarios of rollouts say: given a service, under load, when something happens, then the status says so."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.cluster.api import Gateway
from tests.e2e import obedient
from tests.e2e.scene import Scene
from tests.stories.command_line import leeboard
from tests.stories.stage import POLL_SECONDS
from tests.support.installation import DOMAIN
from tests.support.kubectl import Kubectl, Manifest
from tests.support.load import Load
from tests.support.resources import API_VERSION, condition

Steps = list[dict[str, Any]]
QUICK: Final = 240.0
"""Seconds, on a machine that has much else to do."""
HOUR: Final = "1h"
PER_SECOND: Final = 40.0
STILL_SECONDS: Final = 6.0


@dataclass(frozen=True, slots=True)
class Town:
    """A namespace with four trained versions of one model, the gateway, and services that scenarios make."""

    scene: Scene
    gateway: Gateway
    good: tuple[str, str, str]
    failing: str
    """Answers 500 to one request in four."""
    made: list["Serving"] = field(default_factory=list)
    """Services of the present test."""

    @property
    def kubectl(self) -> Kubectl:
        """kubectl as the cluster's administrator."""
        return self.scene.kubectl

    def serve(self, name: str, *, replicas: int = 1, keep_warm: str = HOUR, **rollout: Any) -> "Serving":  # noqa: ANN401
        """Apply a service of the first good version behind the gateway, and return when it serves."""
        serving = self.begin(name, server={"replicas": replicas}, keep_warm=keep_warm, **rollout)
        serving.until_serves(self.good[0])
        return serving

    def begin(
        self,
        name: str,
        *,
        server: Manifest,
        provider: str = "GatewayAPI",
        keep_warm: str = HOUR,
        **rollout: Any,  # noqa: ANN401 - fields of spec.rollout
    ) -> "Serving":
        """Apply a service of the first good version, and do not wait for it."""
        serving = Serving(
            self,
            name,
            {
                "model": {"name": self.scene.model, "version": self.good[0]},
                "server": {"requestTimeout": "30s", **server},
                "traffic": {"provider": provider},
                "rollout": {**rollout, "rollback": {"keepWarm": keep_warm}},
            },
        )
        self.made.append(serving)
        serving.apply()
        return serving

    def clear(self) -> None:
        """Delete the services of the present test: their pods would keep those of the next from the node."""
        while self.made:
            self.made.pop().delete()


@dataclass(slots=True)
class Serving:
    """One InferenceService."""

    town: Town
    name: str
    spec: Manifest = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.town.scene.namespace

    @property
    def host(self) -> str:
        """Its host name at the gateway, by the chart's domain."""
        return f"{self.name}.{self.namespace}.{DOMAIN}"

    @property
    def manifest(self) -> Manifest:
        """What a person, or a GitOps tool, applies."""
        metadata = {"name": self.name, "namespace": self.namespace}
        return {"apiVersion": API_VERSION, "kind": "InferenceService", "metadata": metadata, "spec": self.spec}

    def apply(self) -> None:
        """Apply it as it is now."""
        self.town.kubectl.apply(self.manifest)

    def pin(self, version: str) -> None:
        """Ask for another version."""
        self.spec["model"]["version"] = version
        self.apply()

    def ask(self, verb: str) -> str:
        """Ask for a verb on the command line; what it printed."""
        return leeboard(self.town.kubectl, verb, self.name, namespace=self.namespace)

    @property
    def path(self) -> str:
        """Where its model answers."""
        return f"/v2/models/{self.name}/infer"

    def load(self, *, per_second: float = PER_SECOND) -> Load:
        """Constant load through the gateway."""
        return Load(self.town.gateway.address, self.host, self.path, obedient.requests(), per_second=per_second)

    def live(self) -> Manifest:
        """The resource as it is now."""
        found = self.town.scene.find("inferenceservices.leeboard.dev", self.name)
        assert found is not None
        return found

    def status(self) -> Manifest:
        """Its status."""
        return dict(self.live().get("status") or {})

    def route(self) -> Manifest:
        """Its HTTPRoute."""
        found = self.town.scene.find("httproute", self.name)
        assert found is not None
        return found

    def weights(self) -> list[int]:
        """The weights of its route, in order, for requests that ask for nothing special."""
        rules = self.route()["spec"]["rules"]
        (ordinary,) = (rule for rule in rules if not any(match.get("headers") for match in rule["matches"]))
        return [item["weight"] for item in ordinary["backendRefs"]]

    def stays(self, holds: Callable[[Manifest], object], what: str, *, seconds: float = STILL_SECONDS) -> Manifest:
        """Look again and again for so long: the resource is so each time; several polls of the operator fit in."""
        deadline = time.monotonic() + seconds
        while holds(found := self.live()):
            if time.monotonic() > deadline:
                return found
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"not {what} any more: {found.get('status')}")

    def until(self, holds: Callable[[Manifest], object], what: str, *, seconds: float = QUICK) -> Manifest:
        """Wait until the resource is so."""
        stage = self.town.scene.stage
        return stage.wait(f"InferenceService/{self.name}", lambda found: bool(holds(found)), what=what, seconds=seconds)

    def until_serves(self, version: str, *, seconds: float = QUICK) -> Manifest:
        """Wait until a version serves alone and no rollout is under way."""

        def holds(found: Manifest) -> bool:
            status = found.get("status") or {}
            is_stable = status.get("stable", {}).get("version") == version
            return is_stable and not status.get("canary") and condition(found, "Serving").get("status") == "True"

        return self.until(holds, f"version {version} serves", seconds=seconds)

    def until_step(self, phase: str, *, index: int = 0, version: str = "", seconds: float = QUICK) -> Manifest:
        """Wait until the rollout stands at a step, so far."""

        def holds(found: Manifest) -> bool:
            status = found.get("status") or {}
            step, canary = status.get("step") or {}, status.get("canary") or {}
            is_it = (step.get("index"), step.get("phase")) == (index, phase)
            return is_it and version in {"", canary.get("version")}

        return self.until(holds, f"step {index} is {phase}", seconds=seconds)

    def pods_of(self, version: str) -> list[str]:
        """Names of a version's pods."""
        return [pod["metadata"]["name"] for pod in self.pods(version)]

    def pods(self, version: str) -> list[Manifest]:
        """A version's pods, those on their way out as well; also once the service itself is deleted."""
        label = f"{self.town.scene.model}-v{version}"
        selector = (
            f"leeboard.dev/kind=InferenceService,leeboard.dev/owner={self.name},leeboard.dev/model-version={label}"
        )
        return self.town.kubectl.list("pods", namespace=self.namespace, selector=selector)

    def delete(self, *, wait: bool = False) -> None:
        """Delete it."""
        self.town.kubectl.delete("inferenceservices.leeboard.dev", self.name, namespace=self.namespace, wait=wait)


def outcomes(status: Manifest) -> list[tuple[str, str]]:
    """The history, newest first: what became of which version."""
    return [(item["outcome"], item["version"]) for item in status.get("history") or ()]
