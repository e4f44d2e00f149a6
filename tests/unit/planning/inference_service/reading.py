"""What a test reads of a simulated cluster: conditions, events, writes, parts; to compare as a whole."""

from __future__ import annotations

from leeboard.api.names import Label
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, Write
from tests.unit.planning.inference_service.simulation import SimulatedCluster

TYPES = ("Ready", "Reconciling", "Stalled", "Serving", "UpToDate", "Batching", "Monitored", "Progressing")
ONE_SWITCH = [
    "Create Deployment",
    "Apply Service",  # to the canary, by name
    "Apply Service",  # which is stable from now on
    "Apply PodDisruptionBudget",
    "Delete Deployment",
]


def told(cluster: SimulatedCluster) -> dict[str, str]:
    """Each condition as ``status/reason``."""
    conditions = cluster.resource.status.conditions
    assert tuple(item.type for item in conditions) == TYPES
    assert {item.observed_generation for item in conditions} == {cluster.resource.metadata.generation}
    return {item.type: f"{item.status.value}/{item.reason}" for item in conditions}


def events(cluster: SimulatedCluster) -> list[str]:
    """Reasons of the events so far."""
    return [notice.reason for notice in cluster.notices]


def shape(write: Write) -> str:
    """A write in two words."""
    match write:
        case Create(manifest) | CreateSecret(manifest, _) | Apply(manifest, _):
            return f"{type(write).__name__} {manifest['kind']}"
        case JsonPatch(ref, _, _) | Delete(ref, _):
            return f"{type(write).__name__} {ref.kind}"


def shapes(cluster: SimulatedCluster) -> list[str]:
    """Every write so far."""
    return [shape(write) for write in cluster.writes]


def versions_of(cluster: SimulatedCluster) -> dict[str, str | tuple[str, ...] | None]:
    """Version numbers by their part."""
    status = cluster.resource.status
    return {
        "stable": status.stable.version if status.stable else None,
        "canary": status.canary.version if status.canary else None,
        "draining": tuple(item.version for item in status.draining),
    }


def named(cluster: SimulatedCluster, part: str) -> str:
    """Name of the revision that is ``stable`` or ``canary``."""
    return str(getattr(cluster.resource.status, part).name)


def deployment_of(cluster: SimulatedCluster, part: str) -> str:
    """Name of its Deployment, which bears its label."""
    revision = getattr(cluster.resource.status, part)
    assert cluster.deployments[revision.deployment]["metadata"]["labels"][Label.REVISION] == revision.name
    return str(revision.deployment)
