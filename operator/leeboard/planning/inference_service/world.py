"""The observed world of one InferenceService, as questions about revisions.

Only objects with our controller reference count; pods and endpoints are told apart by the revision label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Label
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.inference_service.facts import InferenceServiceFacts
from leeboard.planning.observed import is_leaving, is_ready, label_of
from leeboard.planning.traffic import Seen
from leeboard.planning.traffic.endpoints import ready_endpoints

NOTHING_SEEN = Seen(Children(), None, Children(), Children())
DEFAULT_DEADLINE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class World:
    """What is there. ``seen`` is what splits the requests. ``ready_endpoints`` counts, for each revision, the addresses
    to which the Service of the service's name sends requests now (see ``traffic.endpoints``); none without a Service.
    """

    deployments: Mapping[str, Manifest]
    service: Manifest | None
    budget: Manifest | None
    pods: tuple[Manifest, ...]
    ready_endpoints: Mapping[str, int]
    seen: Seen = NOTHING_SEEN
    autoscalers: tuple[Manifest, ...] = ()
    config_maps: tuple[Manifest, ...] = ()
    jobs: tuple[Manifest, ...] = ()

    @property
    def selected(self) -> str | None:
        """The revision that the live Service selects."""
        if self.service is None:
            return None
        selector = self.service["spec"].get("selector") or {}
        revision = selector.get(Label.REVISION)
        return str(revision) if revision else None

    @property
    def is_serving(self) -> bool:
        """Whether requests have somewhere to go."""
        return sum(self.ready_endpoints.values()) > 0

    def deployment(self, name: str) -> Manifest | None:
        """A Deployment of ours that is not on its way out."""
        found = self.deployments.get(name)
        return None if found is None or is_leaving(found) else found

    def pods_of(self, revision: str) -> tuple[Manifest, ...]:
        """Pods of one revision that are not on their way out, by name."""
        return tuple(pod for pod in self.pods if label_of(pod, Label.REVISION) == revision and not is_leaving(pod))

    def ready_pods(self, revision: str) -> int:
        """How many pods of a revision answer their readiness probe."""
        return sum(is_ready(pod) for pod in self.pods_of(revision))

    def has_pods(self, revision: str) -> bool:
        """Whether any pod of a revision is there, also one on its way out."""
        return any(label_of(pod, Label.REVISION) == revision for pod in self.pods)

    def autoscaler(self, deployment: str) -> Manifest | None:
        """The autoscaler of a Deployment, which has its name."""
        return next((item for item in self.autoscalers if item["metadata"]["name"] == deployment), None)

    def least_pods(self, deployment: str) -> int | None:
        """Fewest pods that a Deployment's autoscaler leaves it; None when there is no autoscaler."""
        found = self.autoscaler(deployment)
        return None if found is None else int(found["spec"].get("minReplicas", 1))

    def start_deadline(self, name: str) -> timedelta:
        """How long the pods of a Deployment may take to become ready."""
        spec = (self.deployment(name) or {}).get("spec") or {}
        return timedelta(seconds=int(spec.get("progressDeadlineSeconds") or DEFAULT_DEADLINE_SECONDS))

    def may_answer(self, revision: str | None) -> bool:
        """Whether a request may reach ``revision`` once it is selected: an endpoint, or a pod that will be one."""
        if revision is None:
            return False
        return self.ready_endpoints.get(revision, 0) > 0 or any(is_ready(pod) for pod in self.pods_of(revision))

    def answers_alone(self, revision: str) -> bool:
        """Whether requests reach ``revision`` and nothing else: the switch is confirmed."""
        return self.ready_endpoints.get(revision, 0) > 0 and set(self.ready_endpoints) == {revision}


def world_of(resource: InferenceService, facts: InferenceServiceFacts) -> World | Unknown:
    """The world, or Unknown when a part of it could not be observed."""
    every = (facts.deployments, facts.services, facts.budgets, facts.pods, facts.endpoint_slices)
    parts = (*every, facts.autoscalers, facts.config_maps, facts.jobs)
    known = [part for part in parts if isinstance(part, Children)]
    if len(known) < len(parts):
        return next(part for part in parts if isinstance(part, Unknown))
    deployments, services, budgets, pods, slices, autoscalers, config_maps, jobs = known
    if isinstance(facts.routes, Unknown):
        return facts.routes
    owner, name = resource.metadata.uid, resource.metadata.name
    mine, routes = Children(_staying(services, owner)), facts.routes
    service = mine.named(name)
    return World(
        deployments={item["metadata"]["name"]: item for item in deployments.items if is_controlled_by(item, owner)},
        service=service,
        budget=next(iter(_staying(budgets, owner)), None),
        pods=tuple(sorted(pods.items, key=lambda pod: str(pod["metadata"]["name"]))),
        ready_endpoints={} if service is None else ready_endpoints(service, slices=slices, pods=pods),
        seen=Seen(mine, None if routes is None else Children(_staying(routes, owner)), slices, pods),
        autoscalers=_staying(autoscalers, owner),
        config_maps=_staying(config_maps, owner),
        jobs=tuple(item for item in jobs.items if is_controlled_by(item, owner)),
    )


def _staying(children: Children, owner: str) -> tuple[Manifest, ...]:
    """Children of ours that are not on their way out."""
    return tuple(item for item in children.items if is_controlled_by(item, owner) and not is_leaving(item))


def available_replicas(deployment: Manifest | None) -> int:
    """Pods of the current template that are available, 0 while the Deployment's status speaks of another generation."""
    if deployment is None:
        return 0
    status = deployment.get("status") or {}
    if status.get("observedGeneration", -1) < deployment["metadata"].get("generation", 1):
        return 0
    return min(int(status.get("availableReplicas", 0)), int(status.get("updatedReplicas", 0)))


def ready_replicas(deployment: Manifest | None) -> int:
    """Pods that answer their readiness probe."""
    return int(((deployment or {}).get("status") or {}).get("readyReplicas", 0))


def wanted_replicas(deployment: Manifest | None) -> int | None:
    """Pods that the live Deployment asks for."""
    return None if deployment is None else int(deployment["spec"].get("replicas", 1))
