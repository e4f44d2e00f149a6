"""One namespace in which a test plays the controllers of Deployments and EndpointSlices, and the fingerprint pod."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.cluster.rest import ApiError
from tests.integration.conftest import Api, eventually
from tests.unit.planning.inference_service.builders import a_version

MODEL = "car-loan"
SERVICE = "loans"
GATEWAY = {"name": "public", "namespace": "gateways", "hostnames": ["loans.example.com"]}
AT_ONCE = {"rollback": {"keepWarm": "0s"}}
"""No steps, and no pods kept of the version before."""


class ServingWorld:
    """InferenceService ``loans`` of model ``car-loan`` and everything around it."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api, self.namespace = api, namespace

    def path(self, plural: str, name: str = "", *, api: str = "leeboard.dev/v1alpha1") -> str:
        root = "/api/v1" if api == "v1" else f"/apis/{api}"
        return f"{root}/namespaces/{self.namespace}/{plural}{f'/{name}' if name else ''}"

    def serve(self, *, rollout: object = AT_ONCE, traffic: object = None, **server: object) -> None:
        """Create the service with version 1 pinned."""
        spec = {"model": {"name": MODEL, "version": "1"}, "server": server, "rollout": rollout}
        if traffic is not None:
            spec["traffic"] = traffic
        metadata = {"name": SERVICE, "namespace": self.namespace}
        manifest = {
            "apiVersion": "leeboard.dev/v1alpha1",
            "kind": "InferenceService",
            "metadata": metadata,
            "spec": spec,
        }
        self.api.create(self.path("inferenceservices"), manifest)

    def approve(self, number: int) -> None:
        """A version as its own planner leaves it: fingerprinted and approved, before the operator starts."""
        version = a_version(number).to_json()
        name = f"{MODEL}-v{number}"
        metadata = {"name": name, "namespace": self.namespace}
        head = {"apiVersion": "leeboard.dev/v1alpha1", "kind": "ModelVersion", "metadata": metadata}
        made = self.api.create(self.path("modelversions"), {**head, "spec": version["spec"]})
        status = {**version["status"], "phase": "Ready", "observedGeneration": 1}
        self.api.rest.replace(f"{self.path('modelversions', name)}/status", {**head, **made, "status": status})

    def pin(self, version: int) -> None:
        """The user pins another version."""
        self.edit(self.path("inferenceservices", SERVICE), {"spec": {"model": {"version": str(version)}}})

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(self.path("inferenceservices", SERVICE)).get("status", {})
        return found

    def condition(self, kind: str) -> str:
        """``status/reason`` of one condition."""
        found = (item for item in self.status().get("conditions", []) if item["type"] == kind)
        return next((f"{item['status']}/{item['reason']}" for item in found), "")

    def until(self, kind: str, expected: str, *, seconds: float = 60) -> None:
        eventually(lambda: self.condition(kind) == expected, what=f"{kind} {expected}", seconds=seconds)

    def deployment(self, version: int) -> dict[str, Any] | None:
        """The Deployment of a version."""
        for item in self.api.items(self.path("deployments", api="apps/v1")):
            if item["metadata"]["labels"]["leeboard.dev/model-version"] == f"{MODEL}-v{version}":
                return {"apiVersion": "apps/v1", "kind": "Deployment", **item}
        return None

    def made_deployment(self, version: int) -> dict[str, Any]:
        """The Deployment of a version, once it is there."""
        eventually(lambda: self.deployment(version) is not None, what=f"the Deployment of version {version}")
        deployment = self.deployment(version)
        assert deployment is not None
        return deployment

    def service(self) -> dict[str, Any] | None:
        return self.api.find(self.path("services", SERVICE, api="v1"))

    def selected(self) -> str:
        service = self.service()
        return str(service["spec"]["selector"]["leeboard.dev/revision"]) if service else ""

    def run_pods(self, version: int) -> str:
        """Every pod of a version becomes ready; the version's revision."""
        deployment = self.made_deployment(version)
        replicas = deployment["spec"]["replicas"]
        template = deployment["spec"]["template"]
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
        for number in range(replicas):
            metadata = {"name": f"v{version}-{number}", "namespace": self.namespace, **template["metadata"]}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
            if self.api.find(self.path("pods", metadata["name"], api="v1")) is None:
                made = self.api.create(self.path("pods", api="v1"), pod)
                ready = {"conditions": [{"type": "Ready", "status": "True"}]}
                self.api.rest.replace(
                    f"{self.path('pods', metadata['name'], api='v1')}/status", {**made, "status": ready}
                )
        status = {**counts, "observedGeneration": deployment["metadata"]["generation"]}
        path = self.path("deployments", deployment["metadata"]["name"], api="apps/v1")
        self.api.rest.replace(f"{path}/status", {**deployment, "status": status})
        return str(deployment["metadata"]["labels"]["leeboard.dev/revision"])

    def route(self) -> None:
        """What the EndpointSlice controller makes of each Service's selector."""
        for service in self.api.items(self.path("services", api="v1")):
            self._endpoints(service)

    def _endpoints(self, service: dict[str, Any]) -> None:
        """The endpoints of one Service."""
        name = service["metadata"]["name"]
        pods = self.api.items(self.path("pods", api="v1"))
        chosen = [pod for pod in pods if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()]
        endpoints = [
            {
                "addresses": [f"10.0.0.{number + 1}"],
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]},
            }
            for number, pod in enumerate(chosen)
        ]
        labels = {**service["metadata"]["labels"], "kubernetes.io/service-name": name}
        manifest = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}],
            "endpoints": endpoints,
        }
        self.api.rest.apply(self.path("endpointslices", name, api="discovery.k8s.io/v1"), manifest)

    def http_route(self) -> dict[str, Any] | None:
        """The service's HTTPRoute."""
        return self.api.find(self.path("httproutes", SERVICE, api="gateway.networking.k8s.io/v1"))

    def accept(self) -> None:
        """What a gateway's controller says of the route as it is."""
        route = self.http_route()
        if route is None:
            return
        now = {"lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "Accepted", "message": ""}
        generation = route["metadata"]["generation"]
        conditions = [
            {**now, "type": kind, "status": "True", "observedGeneration": generation}
            for kind in ("Accepted", "ResolvedRefs")
        ]
        parent = {
            "parentRef": route["spec"]["parentRefs"][0],
            "controllerName": "example.com/gateway",
            "conditions": conditions,
        }
        path = self.path("httproutes", SERVICE, api="gateway.networking.k8s.io/v1")
        self.api.rest.replace(f"{path}/status", {**route, "status": {"parents": [parent]}})

    def playing_until(self, look: Callable[[], bool], *versions: int, what: str, seconds: float = 90) -> None:
        """Controllers of Kubernetes and the gateway work for these versions until ``look`` is true."""

        def played() -> bool:
            try:
                self._play(versions)
            except ApiError as error:
                if error.status not in {404, 409}:  # the operator was faster
                    raise
            return look()

        eventually(played, what=what, seconds=seconds)

    def played_until(self, place: str, *versions: int) -> None:
        """Controllers work until the rollout is at ``place`` as ``where`` says it."""
        self.playing_until(lambda: self.where() == place, *versions, what=place)

    def _play(self, versions: Iterable[int]) -> None:
        """Everything that the controllers have to do at this moment."""
        living = {item["metadata"]["labels"]["leeboard.dev/revision"] for item in self._deployments()}
        for pod in self.api.items(self.path("pods", api="v1")):
            if pod["metadata"]["labels"]["leeboard.dev/revision"] not in living:
                self.api.rest.delete(self.path("pods", pod["metadata"]["name"], api="v1"))
        for version in versions:
            if self.deployment(version) is not None:
                self.run_pods(version)
        self.route()
        self.accept()

    def _deployments(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.items(self.path("deployments", api="apps/v1"))
        return found

    def where(self) -> str:
        """``0 Weight Observing 10``: step, kind, phase and the percent that is asked for."""
        step, traffic = self.status().get("step"), self.status().get("traffic") or {}
        return f"{step['index']} {step['kind']} {step['phase']} {traffic.get('asked')}" if step else "settled"

    def shares(self) -> dict[str, int]:
        """Weights of the route by version."""
        route = self.http_route()
        assert route is not None
        versions = {
            item["metadata"]["name"]: item["metadata"]["labels"]["leeboard.dev/model-version"].rpartition("-v")[2]
            for item in self.api.items(self.path("deployments", api="apps/v1"))
        }
        return {versions[item["name"]]: item["weight"] for item in route["spec"]["rules"][-1]["backendRefs"]}

    def ask(self, verb: str, *, identity: str) -> str:
        """A person asks for something; what became of it."""
        annotations = {"leeboard.dev/request": f"{verb}/{identity}/", "leeboard.dev/requested-by": "ann"}
        self.edit(self.path("inferenceservices", SERVICE), {"metadata": {"annotations": annotations}})
        answered = lambda: (self.status().get("request") or {}).get("id") == identity  # noqa: E731 - polled
        eventually(answered, what=f"an answer to {verb}")
        return str(self.status()["request"]["outcome"])

    def edit(self, path: str, change: dict[str, Any]) -> None:
        """Somebody else applies fields of an object by force."""
        eventually(lambda: self._edited(path, change), what=f"an edit of {path}")

    def _edited(self, path: str, change: dict[str, Any]) -> bool:
        live = self.api.get(path)
        try:
            self.api.rest.replace(path, _merged(live, change))
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        return True


def _merged(live: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Maps merged, everything else replaced."""
    merged = dict(live)
    for key, value in change.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged
