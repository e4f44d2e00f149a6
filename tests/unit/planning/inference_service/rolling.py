"""A simulated rollout from version 1 to version 2, what a person asks of it, and where it stands; for many tests."""

from __future__ import annotations

from leeboard.api.inference_service import InferenceService
from leeboard.api.resource import Manifest
from leeboard.api.rollout import Rollback, Rollout
from leeboard.api.traffic import Gateway, Traffic
from leeboard.api.verbs import REQUEST, REQUESTED_BY
from leeboard.monitoring.counts import PodCounts, RequestCounts
from leeboard.planning.plan import Apply, Create
from tests.unit.planning.inference_service.builders import a_service, a_version, through
from tests.unit.planning.inference_service.simulation import SimulatedCluster, serving

GATEWAY = Traffic(gateway=Gateway(name="public", hostnames=("loans.example",)))
REPLICAS = Traffic(provider="Replicas")


def a_rollout(*steps: dict[str, object], **fields: object) -> Rollout:
    """A rollout with these steps, that keeps no old pods."""
    given = {"steps": steps} if steps else {}
    return Rollout.model_validate({**given, "rollback": Rollback(keep_warm="0s"), **fields})


TWO_STEPS = a_rollout({"weight": 10, "for": "10s"}, {"weight": 50, "for": "10s"})
ERRORS = {"checks": [{"name": "errors", "errorRate": {"margin": "0.02"}}], "minSamples": 50, "maxHold": "1m"}


def the_service(
    rollout: Rollout, traffic: Traffic = GATEWAY, *, replicas: int = 4, version: str | None = None
) -> InferenceService:
    """The service as its spec says."""
    return through(a_service(rollout=rollout, replicas=replicas, version=version), traffic)


def rolling(rollout: Rollout, traffic: Traffic = GATEWAY, *, replicas: int = 4) -> SimulatedCluster:
    """Version 1 serves, version 2 is wanted since this moment."""
    cluster = serving([a_version(1)], the_service(rollout, traffic, replicas=replicas))
    cluster.versions.append(a_version(2))
    return cluster


def where(cluster: SimulatedCluster) -> str:
    """``0 Weight Scaling 10/0``: step, kind, phase, percent asked for and live."""
    step, traffic = cluster.resource.status.step, cluster.resource.status.traffic
    if step is None or traffic is None:
        return "settled"
    return f"{step.index} {step.kind} {step.phase} {traffic.asked}/{traffic.applied}"


def until(cluster: SimulatedCluster, place: str, *, within: int = 200) -> None:
    """Let time pass until the rollout is where ``where`` says so."""
    for _ in range(within):
        cluster.advance()
        if where(cluster).startswith(place):
            return
    raise AssertionError(f"never {place}: {where(cluster)}, {cluster.resource.status.step}")


def course(cluster: SimulatedCluster, *, within: int = 200) -> list[str]:
    """Every place where the rollout is from now on, in order, until it is settled."""
    seen: list[str] = []
    for _ in range(within):
        cluster.advance()
        if not seen or seen[-1] != where(cluster):
            seen.append(where(cluster))
        if where(cluster) == "settled" and cluster.is_settled():
            return seen
    raise AssertionError(f"not settled: {seen}")


def ask(cluster: SimulatedCluster, verb: str, *, identity: str = "", revision: str = "", by: str = "ann") -> str:
    """A person asks for something, and the operator looks; what became of it."""
    name = identity or f"{verb}-{cluster.tick}"
    annotations = {REQUEST: f"{verb}/{name}/{revision}", REQUESTED_BY: by}
    metadata = cluster.resource.metadata.model_copy(update={"annotations": annotations})
    cluster.resource = cluster.resource.model_copy(update={"metadata": metadata})
    cluster.reconcile()
    request = cluster.resource.status.request
    assert request is not None
    return f"{request.outcome}: {request.message}"


def count(cluster: SimulatedCluster, *, requests: int, errors: int, of: str) -> None:
    """Each pod of a part (``stable`` or ``canary``) answered so many more requests, so many of them with 500."""
    revision = getattr(cluster.resource.status, of)
    for name, pod in cluster.pods.items():
        if pod["deployment"] != revision.deployment:
            continue
        before = cluster.counts.get(name)
        told = before.counts if isinstance(before, PodCounts) else RequestCounts()
        durations = (0, 0, 0, requests, *(0,) * (len(told.durations) - 4))
        more = RequestCounts(requests, 0, errors, durations)
        cluster.counts[name] = PodCounts(pod=name, revision=revision.name, started="once", counts=told + more)


def answer(cluster: SimulatedCluster, *, requests: int, errors: int = 0) -> None:
    """Every pod of stable answers so many requests, those of the canary what its share of all or its copies make; each
    of the canary's pods fails with ``errors`` of them.
    """
    status = cluster.resource.status
    if status.stable is None or status.traffic is None:
        return
    count(cluster, requests=requests, errors=0, of="stable")
    if status.canary is None:
        return
    pods = len(cluster.ready_pods(status.stable.deployment)), len(cluster.ready_pods(status.canary.deployment))
    share = status.traffic.mirrored or status.traffic.applied or 0
    count(cluster, requests=round(requests * pods[0] * share / 100 / max(pods[1], 1)), errors=errors, of="canary")


def part(cluster: SimulatedCluster, name: str) -> str | None:
    """Version of ``stable`` or ``canary``."""
    revision = getattr(cluster.resource.status, name)
    return None if revision is None else str(revision.version)


def failed(cluster: SimulatedCluster) -> list[str]:
    """``2 Aborted``: versions that are not started again by themselves, and why."""
    return [f"{item.version} {item.reason}" for item in cluster.resource.status.failed]


def history(cluster: SimulatedCluster) -> list[str]:
    """``2 Promoted``: the decisions, the newest first."""
    return [f"{item.version} {item.outcome}" for item in cluster.resource.status.history]


def weights(cluster: SimulatedCluster) -> dict[str, int]:
    """Percent of the requests at the gateway by version, as its proxies follow the route."""
    route = cluster.obeyed
    assert route is not None
    versions = {item["metadata"]["name"]: item["metadata"]["labels"] for item in cluster.deployments.values()}
    rule = route["spec"]["rules"][-1]
    return {
        versions[item["name"]]["leeboard.dev/model-version"].rpartition("-v")[2]: item["weight"]
        for item in rule["backendRefs"]
    }


def routes_of(cluster: SimulatedCluster) -> list[tuple[set[str], set[str]]]:
    """Every HTTPRoute that was written, in order: Services with a share of the requests, and all that it names."""
    written = (item.manifest for item in cluster.writes if isinstance(item, Create | Apply))
    rules = [item["spec"]["rules"] for item in written if item["kind"] == "HTTPRoute"]
    return [(_names(item[-1:]), _names(item)) for item in rules]


def _names(rules: list[Manifest]) -> set[str]:
    """Services behind these rules."""
    return {backend["name"] for rule in rules for backend in rule["backendRefs"]}
