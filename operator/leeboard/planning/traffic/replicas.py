"""Provider "Replicas": no gateway; one Service over the pods of both revisions, split by their number.

    nobody         {uid, revision: stable}    stable alone
    1 to 99 %      {uid, pool of stable}      stable, and the canary that was started beside it
    100 %          {uid, revision: canary}    the canary alone

kube-proxy decides once for each connection, so the share that requests see is measured, not promised, and the share
that whole pods give is told. Who is whose canary stands on the Service, beside the selector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import GROUP, Label
from leeboard.api.reasons_traffic import TrafficReason
from leeboard.api.resource import Manifest
from leeboard.planning.observed import is_leaving, is_ready, label_of
from leeboard.planning.pod_rules import Finding
from leeboard.planning.serving import IN_POOL, is_in_pool, pool_label, revision_labels
from leeboard.planning.traffic.endpoints import ready_endpoints
from leeboard.planning.traffic.provider import Answer, Confirmed, Pending, Refused, Road, Seen
from leeboard.planning.traffic.services import (
    backend_service,
    is_same_service,
    live_child,
    main_service,
    selected_revision,
)
from leeboard.planning.traffic.split import ALL, Split

PAIR = f"{GROUP}/split"
"""Annotation of the Service: ``<stable>/<canary>`` while the canary gets requests."""
MOST_PODS = 100
"""As many pods of a canary at the most: a share close to 100 percent takes many times the pods of stable."""
WAY_OUT = "name a Gateway (spec.traffic.gateway)"


@dataclass(frozen=True, slots=True)
class Replicas:
    """See the module and ``TrafficProvider``."""

    def findings(self, resource: InferenceService) -> tuple[Finding, ...]:
        """Steps that need somebody who looks at requests one by one, and shares that would need too many pods."""
        return (*_looks_at_requests(resource), *_shares(resource))

    def objects(self, road: Road, split: Split) -> tuple[Manifest, ...]:
        """The Service; beside a canary that a Job checks, one more for each revision, by which the Job asks it."""
        checked = [split.stable, split.canary] if split.canary is not None and _has_jobs(road) else []
        return (
            main_service(
                road,
                selector=_selector(road, split),
                annotations={PAIR: f"{split.stable}/{split.canary}"} if split.weight else None,
            ),
            *(backend_service(road, revision) for revision in checked),
        )

    def is_same(self, live: Manifest, wanted: Manifest) -> bool:
        """Labels, selector, port, and whose canary it is."""
        return is_same_service(live, wanted) and _pair(live) == _pair(wanted)

    def applied(self, road: Road, seen: Seen) -> Split | None:
        """The revisions by selector and annotation; the weight is the canary's share of the ready pods, from 1 to 99
        however many there are.
        """
        live = live_child(road, seen.services, road.resource.metadata.name)
        if live is None:
            return None
        stable, canary = _pair(live) or ("", "")
        alone = selected_revision(road, live)
        if alone is not None:
            return Split(stable, alone, ALL) if alone == canary else Split(alone)
        if not stable or live["spec"].get("selector") != _selector(road, Split(stable, canary, 1)):
            return None
        ready = _ready(seen)
        return Split(stable, canary, min(ALL - 1, max(1, _share(ready.get(canary, 0), ready.get(stable, 0)))))

    def prepared(self, road: Road, seen: Seen, split: Split) -> Answer:  # noqa: ARG002 - pods say it all
        """Whether ready pods carry the labels by which they will be selected, and no others do."""
        if split.mirror or split.match:
            return Refused(
                TrafficReason.NOT_SUPPORTED, f"Replicas neither copies requests nor reads headers: {WAY_OUT}"
            )
        if 0 < split.weight < ALL and (strangers := _strangers(seen, split)) is not None:
            return strangers
        ready = _ready(seen)
        for revision, _ in split.shares:
            if not ready.get(revision):
                return Pending(TrafficReason.ENDPOINTS_NOT_READY, f"revision {revision} has no ready pod")
        return Confirmed()

    def confirmation(self, road: Road, seen: Seen, split: Split) -> Answer:
        """The Service is written, and its endpoints are ready pods of those revisions and of no other."""
        if split.mirror or split.match:
            return self.prepared(road, seen, split)
        wanted = self.objects(road, split)[0]
        live = live_child(road, seen.services, wanted["metadata"]["name"])
        if live is None or not self.is_same(live, wanted):
            return Pending(TrafficReason.NOT_WRITTEN, f"Service {wanted['metadata']['name']} is being written")
        reached = ready_endpoints(live, slices=seen.endpoint_slices, pods=seen.pods)
        expected = {revision for revision, _ in split.shares}
        if set(reached) != expected:
            found = ", ".join(f"{count} of {name or 'unknown pods'}" for name, count in sorted(reached.items()))
            return Pending(
                TrafficReason.ENDPOINTS_NOT_READY,
                f"requests should reach revision {' and '.join(sorted(expected))}, ready endpoints: {found or 'none'}",
            )
        return self._reached(road, split, reached)

    def pods_for(self, weight: int, replicas: int) -> int:
        """As many beside ``replicas`` of stable as come closest to the weight without exceeding it, but one at least;
        as many as stable has to take over from it.
        """
        return replicas if weight == ALL else max(1, replicas * weight // (ALL - weight))

    def carried(self, split: Split, ready: Mapping[str, int], replicas: int) -> int:
        """The highest weight for which the pods are ready."""
        pods = ready.get(split.canary or "", 0)
        weights = range(split.weight, 0, -1)
        return next((weight for weight in weights if self.pods_for(weight, replicas) <= pods), 0)

    def address(self, road: Road) -> str:
        """The Service, inside the cluster."""
        return f"http://{road.resource.metadata.name}.{road.resource.metadata.namespace}.svc"

    def _reached(self, road: Road, split: Split, reached: Mapping[str, int]) -> Answer:
        """How close whole pods come to the weight, once all that it needs are there."""
        if split.canary is None or not 0 < split.weight < ALL:
            return Confirmed()
        stable, canary = reached[split.stable], reached[split.canary]
        needed = self.pods_for(split.weight, road.resource.spec.server.replicas)
        if canary < needed:
            return Pending(
                TrafficReason.ENDPOINTS_NOT_READY,
                f"{canary} of the {needed} pods of the canary that {split.weight} percent need are ready endpoints",
            )
        share = _share(canary, stable)
        asked = "" if share == split.weight else f", asked for: {split.weight} percent"
        return Confirmed(
            f"split by connection: {canary} of {canary + stable} pods are the canary's, {share} percent{asked}"
        )


def _has_jobs(road: Road) -> bool:
    """Whether a check runs a Job."""
    analysis = road.resource.spec.rollout.analysis
    return analysis is not None and any(check.job is not None for check in analysis.checks)


def _selector(road: Road, split: Split) -> dict[str, str]:
    """The labels of the pods that get requests."""
    metadata = road.resource.metadata
    if 0 < split.weight < ALL:
        return {str(Label.UID): metadata.uid, pool_label(split.stable): IN_POOL}
    return revision_labels(metadata, revision=split.shares[0][0])


def _pair(service: Manifest) -> tuple[str, str] | None:
    """Stable and its canary, as the Service says; None when it says nothing, or something else."""
    stable, _, canary = str((service["metadata"].get("annotations") or {}).get(PAIR, "")).partition("/")
    return (stable, canary) if stable and canary and stable != canary else None


def _ready(seen: Seen) -> Mapping[str, int]:
    """Ready pods by revision, without those that are on their way out."""
    found: dict[str, int] = {}
    for pod in seen.pods.items:
        if not is_leaving(pod) and is_ready(pod):
            found[_revision(pod)] = found.get(_revision(pod), 0) + 1
    return found


def _strangers(seen: Seen, split: Split) -> Pending | None:
    """Pods by which the pool of stable would not be exactly stable and its canary."""
    pair = {split.stable, split.canary}
    pods = [pod for pod in seen.pods.items if not is_leaving(pod)]
    outside = {_revision(pod) for pod in pods if _revision(pod) in pair and not is_in_pool(pod, split.stable)}
    others = {_revision(pod) for pod in pods if _revision(pod) not in pair and is_in_pool(pod, split.stable)}
    if outside:
        names, label = ", ".join(sorted(outside)), pool_label(split.stable)
        return Pending(
            TrafficReason.NOT_IN_POOL,
            f"pods of revision {names} were not started with the label {label} and cannot share the Service:"
            f" restart them, or {WAY_OUT}",
        )
    if others:
        names = ", ".join(sorted(others))
        return Pending(
            TrafficReason.NOT_IN_POOL, f"pods of revision {names} would get requests as well: they have to go first"
        )
    return None


def _revision(pod: Manifest) -> str:
    """The revision that a pod says it is of."""
    return label_of(pod, Label.REVISION)


def _share(canary: int, stable: int) -> int:
    """The canary's share of the pods in whole percent."""
    return round(ALL * canary / (canary + stable)) if canary + stable else 0


def _looks_at_requests(resource: InferenceService) -> Iterator[Finding]:
    """Steps that somebody has to read requests for."""
    for index, step in enumerate(resource.spec.rollout.steps or ()):
        path = f"spec.rollout.steps[{index}]"
        if step.shadow is not None:
            yield Finding(f"{path}.shadow", f"is not possible without a gateway that copies requests: {WAY_OUT}")
        if step.match is not None:
            yield Finding(f"{path}.match", f"is not possible without a gateway that reads headers: {WAY_OUT}")
    analysis = resource.spec.rollout.analysis
    if analysis is not None and analysis.when_underpowered == "ShadowFirst":
        path = "spec.rollout.analysis.whenUnderpowered"
        yield Finding(path, f"is ShadowFirst, which needs a gateway that copies requests: {WAY_OUT}")


def _shares(resource: InferenceService) -> Iterator[Finding]:
    """Shares by number of pods: nobody else may change that number, and there is a limit to it."""
    server = resource.spec.server
    for path, weight in _weights(resource):
        if server.autoscaling is not None:
            yield Finding(
                path,
                f"is {weight}, by number of pods, and spec.server.autoscaling changes that number: {WAY_OUT}, or leave"
                " out one of the two",
            )
        elif (pods := Replicas().pods_for(weight, server.replicas)) > MOST_PODS:
            yield Finding(
                path,
                f"is {weight}, which takes {pods} pods of the new version beside {server.replicas} of the old one, more"
                f" than {MOST_PODS}: {WAY_OUT}, or take a smaller share before the promotion",
            )


def _weights(resource: InferenceService) -> Iterator[tuple[str, int]]:
    """Each share that leaves something to stable, with its path; of a ramp the largest one."""
    rollout = resource.spec.rollout
    for index, step in enumerate(rollout.steps or ()):
        if step.weight is not None and step.weight < ALL:
            yield f"spec.rollout.steps[{index}].weight", step.weight
    if rollout.ramp is not None:
        largest = min(rollout.ramp.max_weight, ALL - 1)
        yield "spec.rollout.ramp.maxWeight", largest
