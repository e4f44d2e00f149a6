"""A cluster in memory: it carries out plans as the API server would, and moves on in ticks of one second.

Pods of a Deployment become ready ``startup`` ticks after they are made; EndpointSlices follow the Service and the pods
with a lag of ``lag`` ticks. Every write checks the uid that it carries; a create meets what is there already.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leeboard.api.conditions import ConditionType, is_true, timestamp
from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Label
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.monitoring.counts import PodCounts
from leeboard.monitoring.watch import Watch
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.inference_service import InferenceServiceFacts, needs, plan, template_and_training
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, Notice, Plan, Write
from leeboard.planning.retraining.facts import RetrainingFacts
from tests.unit.planning.inference_service.builders import DEFAULTS, START

READY = {"type": "Ready", "status": "True"}
NEVER = 10**9


@dataclass
class SimulatedCluster:
    """One InferenceService, its children and what the controllers of Kubernetes make of them."""

    resource: InferenceService
    versions: list[ModelVersion]
    defaults: Defaults = DEFAULTS
    startup: int = 2
    lag: int = 1
    startup_of: dict[str, int] = field(default_factory=dict)  # by version number, instead of ``startup``
    tick: int = 0
    deployments: dict[str, Manifest] = field(default_factory=dict)
    services: dict[str, Manifest] = field(default_factory=dict)
    budgets: dict[str, Manifest] = field(default_factory=dict)
    pods: dict[str, Manifest] = field(default_factory=dict)
    born: dict[str, int] = field(default_factory=dict)
    routes: dict[str, Manifest] | None = field(default_factory=dict)  # None: a cluster without the Gateway API
    config_maps: dict[str, Manifest] = field(default_factory=dict)
    autoscalers: dict[str, Manifest] = field(default_factory=dict)
    jobs: dict[str, Manifest] = field(default_factory=dict)
    pods_of_jobs: dict[str, Manifest] = field(default_factory=dict)
    pod_templates: dict[str, Manifest] = field(default_factory=dict)
    load: dict[str, int] = field(default_factory=dict)  # pods that an autoscaler would like, by Deployment
    slices: dict[str, tuple[Manifest, ...]] = field(default_factory=dict)  # endpoints by Service
    counts: dict[str, PodCounts | Unknown] = field(default_factory=dict)  # by pod
    answers: dict[str, float | Unknown] = field(default_factory=dict)  # of queries, by check
    watch: Watch | None = None
    trainings: dict[str, Manifest] = field(default_factory=dict)
    secrets: dict[str, Manifest] = field(default_factory=dict)  # which no plan is told of
    marks: dict[str, str | Unknown] = field(default_factory=dict)
    obeyed: Manifest | None = None  # the route that the gateway's proxies follow
    gateway_answers: bool = True
    rejections: tuple[Rejection, ...] = ()
    notices: list[Notice] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def now(self) -> datetime:
        """One second a tick."""
        return START + timedelta(seconds=self.tick)

    @property
    def endpoints(self) -> tuple[Manifest, ...]:
        """What the Service of the InferenceService's name reaches."""
        return self.slices.get("car-loan", ())

    def facts(self) -> InferenceServiceFacts:
        """What an observer would see."""
        return InferenceServiceFacts(
            model_versions=tuple(self.versions),
            deployments=children(self.deployments),
            services=children(self.services),
            budgets=children(self.budgets),
            pods=children(self.pods | self.pods_of_jobs),
            endpoint_slices=Children(tuple(an_endpoint_slice(*item) for item in self.slices.items())),
            rejections=self.rejections,
            routes=None if self.routes is None else children(self.routes),
            config_maps=children(self.config_maps),
            autoscalers=children(self.autoscalers),
            counts=dict(self.counts),
            answers=dict(self.answers),
            jobs=children(self.jobs),
            pod_templates={name: self.pod_templates.get(name) for name in needs(self.resource).jobs.values()},
            watch=self.watch,
            retraining=self._retraining(),
        )

    def _retraining(self) -> RetrainingFacts | None:
        """The two TrainingJobs that matter, by name."""
        named, triggered = template_and_training(self.resource)
        if named is None:
            return None
        training = None if triggered is None else deepcopy(self.trainings.get(triggered.name))
        mine = (job for job in self.trainings.values() if is_controlled_by(job, self.resource.metadata.uid))
        template = deepcopy(self.trainings.get(named.name))
        return RetrainingFacts(template, training, dict(self.marks), tuple(deepcopy(list(mine))))

    def planned(self) -> Plan:
        """The plan for what is there now; nothing is carried out."""
        return plan(self.resource, self.facts(), defaults=self.defaults, now=self.now)

    def reconcile(self) -> Plan:
        """One pass: plan, writes, status, notices."""
        made = self.planned()
        self.carry_through(made)
        return made

    def carry_through(self, made: Plan) -> None:
        """A plan's writes, status and notices."""
        for write in made.writes:
            self.carry_out(write)
        if made.status is not None:
            self.resource = self.resource.model_copy(update={"status": made.status})
        self.notices.extend(made.notices)

    def advance(self, ticks: int = 1) -> None:
        """Let the controllers work and reconcile after each tick."""
        for _ in range(ticks):
            self.step()
            self.reconcile()

    def settle(self, *, within: int = 60) -> None:
        """Tick until nothing is on its way any more."""
        for _ in range(within):
            self.advance()
            if self.is_settled() and not is_true(self.resource.status.conditions, ConditionType.RECONCILING):
                return
        raise AssertionError(f"not settled within {within} ticks: {self.resource.status}")

    def is_settled(self) -> bool:
        """Whether a pass writes nothing, changes no status and makes no appointment."""
        made = self.planned()
        return not made.writes and made.status == self.resource.status and made.requeue_after is None

    def change(self, resource: InferenceService) -> None:
        """The user applies another spec: a new generation, the same object and status."""
        generation = self.resource.metadata.generation + 1
        metadata = self.resource.metadata.model_copy(update={"generation": generation})
        self.resource = resource.model_copy(update={"metadata": metadata, "status": self.resource.status})

    def carry_out(self, write: Write) -> None:
        """One write, as the API server would take it."""
        self.writes.append(write)
        match write:
            case Create(manifest):
                store = self.store(manifest["kind"])
                assert manifest["metadata"]["name"] not in store, f"{manifest['kind']} is there already"
                self.insert(store, manifest)
            case CreateSecret(manifest, _):
                self.secrets.setdefault(manifest["metadata"]["name"], deepcopy(manifest))
            case Apply(manifest, uid):
                self.replace(self.store(manifest["kind"]), manifest, uid)
            case JsonPatch(ref, uid, operations):
                live = self.store(ref.kind)[ref.name]
                assert live["metadata"]["uid"] == uid
                assert [item["path"] for item in operations] == ["/spec/replicas"]
                live["spec"]["replicas"] = operations[0]["value"]
                live["metadata"]["generation"] += 1
            case Delete(ref, uid):
                assert self.store(ref.kind)[ref.name]["metadata"]["uid"] == uid
                del self.store(ref.kind)[ref.name]

    def store(self, kind: str) -> dict[str, Manifest]:
        """The objects of a kind."""
        assert kind != "HTTPRoute" or self.routes is not None
        return {
            "Deployment": self.deployments,
            "Service": self.services,
            "PodDisruptionBudget": self.budgets,
            "HTTPRoute": {} if self.routes is None else self.routes,
            "ConfigMap": self.config_maps,
            "HorizontalPodAutoscaler": self.autoscalers,
            "Job": self.jobs,
            "TrainingJob": self.trainings,
        }[kind]

    def insert(self, store: dict[str, Manifest], manifest: Manifest) -> None:
        """A new object with a uid of its own."""
        made = deepcopy(manifest)
        made["metadata"] |= {
            "uid": f"uid-{next(self._numbers)}",
            "generation": 1,
            "creationTimestamp": timestamp(self.now),
        }
        if made["kind"] == "Job":
            made["status"] = {"active": 1}
            made["metadata"]["creationTimestamp"] = timestamp(self.now)
        store[made["metadata"]["name"]] = made

    def replace(self, store: dict[str, Manifest], manifest: Manifest, uid: str) -> None:
        """Server-side apply: our fields anew, uid and status kept, the generation one higher."""
        live = store[manifest["metadata"]["name"]]
        assert live["metadata"]["uid"] == uid
        made = {**deepcopy(manifest), "status": live.get("status", {})}
        made["metadata"] |= {"uid": uid, "generation": live["metadata"]["generation"] + 1}
        store[manifest["metadata"]["name"]] = made

    def step(self) -> None:
        """One second: pods appear, become ready and vanish with their Deployment; EndpointSlices follow."""
        self.tick += 1
        for name in [name for name, pod in self.pods.items() if pod["deployment"] not in self.deployments]:
            del self.pods[name]
        for name in self.autoscalers.keys() & self.deployments.keys():
            self._autoscale(name)
        for name, deployment in self.deployments.items():
            self._scale(name, deployment)
        for name, pod in self.pods.items():
            version = str(pod["metadata"]["labels"][Label.MODEL_VERSION]).rpartition("-v")[2]
            is_ready = self.tick - self.born[name] >= self.startup_of.get(version, self.startup)
            pod["status"]["conditions"] = [READY] if is_ready else []
        for name, deployment in self.deployments.items():
            self._report(name, deployment)
        if self.tick % self.lag == 0:
            self.slices = {name: tuple(self._endpoints(item)) for name, item in self.services.items()}
            self._obey()

    def ready_pods(self, deployment: str) -> list[str]:
        """Names of the ready pods of a Deployment."""
        mine = (item for item in self.pods.items() if item[1]["deployment"] == deployment)
        return [name for name, pod in mine if READY in pod["status"]["conditions"]]

    def selected(self) -> str | None:
        """The revision that the Service selects; None while it selects two."""
        revision = self.services["car-loan"]["spec"]["selector"].get(Label.REVISION)
        return None if revision is None else str(revision)

    def answering(self) -> list[str]:
        """Version of each pod that a request may reach now: behind an endpoint, alive and ready."""
        uids = {item["targetRef"]["uid"] for item in self.endpoints if item["conditions"]["ready"]}
        alive = [pod for pod in self.pods.values() if pod["metadata"]["uid"] in uids and pod["status"]["conditions"]]
        return [str(pod["metadata"]["labels"][Label.MODEL_VERSION]) for pod in alive]

    def fail_pods(self, number: int, status: Manifest) -> None:
        """Every pod of a version gets this status and never becomes ready."""
        self.startup_of[str(number)] = NEVER
        for pod in self.pods.values():
            if pod["metadata"]["labels"][Label.MODEL_VERSION] == f"car-loan-v{number}":
                pod["status"] = {"conditions": [], **status}
        self.step()

    def _autoscale(self, name: str) -> None:
        """The autoscaler sets the number of pods, within its bounds; not over a Deployment at 0."""
        deployment, spec = self.deployments[name], self.autoscalers[name]["spec"]
        now = deployment["spec"]["replicas"]
        wanted = min(max(self.load.get(name, now), spec["minReplicas"]), spec["maxReplicas"])
        if now not in {0, wanted}:
            deployment["spec"]["replicas"] = wanted
            deployment["metadata"]["generation"] += 1

    def _scale(self, name: str, deployment: Manifest) -> None:
        wanted, mine = deployment["spec"]["replicas"], self._updated(deployment)
        ready = self.ready_pods(name)
        others = [pod for pod, item in self.pods.items() if item["deployment"] == name and pod not in mine]
        for pod in (*mine[wanted:], *(others if sum(pod in ready for pod in mine) >= wanted else ())):
            del self.pods[pod]
        for _ in range(wanted - len(mine)):
            number = next(self._numbers)
            pod = f"{name}-{number}"
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            metadata = {"name": pod, "uid": f"uid-{number}", "labels": dict(labels)}
            self.pods[pod] = {"metadata": metadata, "status": {"conditions": []}, "deployment": name}
            self.born[pod] = self.tick

    def _updated(self, deployment: Manifest) -> list[str]:
        """Pods with the labels of the present template; the others go once enough of these are ready."""
        name, labels = deployment["metadata"]["name"], deployment["spec"]["template"]["metadata"]["labels"]
        mine = (pod for pod in self.pods.items() if pod[1]["deployment"] == name)
        return [pod for pod, item in mine if item["metadata"]["labels"] == labels]

    def _report(self, name: str, deployment: Manifest) -> None:
        ready = len(self.ready_pods(name))
        deployment["status"] = {
            **deployment.get("status", {}),
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": deployment["spec"]["replicas"],
            "updatedReplicas": len(self._updated(deployment)),
            "readyReplicas": ready,
            "availableReplicas": ready,
        }

    def _endpoints(self, service: Manifest) -> Iterator[Manifest]:
        selector = service["spec"]["selector"]
        for pod in self.pods.values():
            if selector.items() <= pod["metadata"]["labels"].items():
                reference = {"kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
                yield {"conditions": {"ready": READY in pod["status"]["conditions"]}, "targetRef": reference}

    def _obey(self) -> None:
        """The gateway takes over the route as it is, and says so of its generation."""
        if not self.gateway_answers:
            return
        route = (self.routes or {}).get("car-loan")
        self.obeyed = deepcopy(route)
        if route is not None:
            generation = route["metadata"]["generation"]
            conditions = [
                {"type": kind, "status": "True", "observedGeneration": generation}
                for kind in ("Accepted", "ResolvedRefs")
            ]
            parent = route["spec"]["parentRefs"][0]
            route["status"] = {"parents": [{"parentRef": parent, "conditions": conditions}]}


def an_endpoint_slice(service: str, endpoints: Sequence[Manifest]) -> Manifest:
    """What the controller of EndpointSlices makes of a Service."""
    metadata = {"name": service, "uid": f"uid-slice-{service}", "labels": {"kubernetes.io/service-name": service}}
    return {"kind": "EndpointSlice", "metadata": metadata, "endpoints": list(endpoints)}


def children(store: dict[str, Manifest]) -> Children:
    """A copy of the objects of a kind, as a cache gives them."""
    return Children(tuple(deepcopy(item) for item in store.values()))


def serving(versions: Sequence[ModelVersion], resource: InferenceService) -> SimulatedCluster:
    """A cluster in which ``resource`` serves already and nothing is on its way; what led there is forgotten."""
    cluster = SimulatedCluster(resource, list(versions))
    cluster.reconcile()
    cluster.settle()
    cluster.writes.clear()
    cluster.notices.clear()
    return cluster
