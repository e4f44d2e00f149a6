"""What is observed for the decision to train again."""

from __future__ import annotations

from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.retraining import Retraining
from leeboard.planning.facts import Unknown
from leeboard.planning.retraining.facts import RetrainingFacts
from leeboard.reconciler.observe_retraining import retraining_facts
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_surroundings import sources
from tests.unit.planning.inference_service.builders import a_service

BARE = a_service()
RETRAINING = {"trainingJobRef": {"name": "template"}}
SERVICE = BARE.model_copy(
    update={"spec": BARE.spec.model_copy(update={"retraining": Retraining.model_validate(RETRAINING)})}
)


def a_training(name: str, *, is_ours: bool = True) -> Manifest:
    owner = SERVICE.metadata
    labels = owner_labels(Kind.INFERENCE_SERVICE, name=owner.name, uid=owner.uid)
    owners = [controller_reference(Kind.INFERENCE_SERVICE, owner)] if is_ours else []
    metadata = {"name": name, "namespace": owner.namespace, "labels": labels, "ownerReferences": owners}
    return {"apiVersion": API_VERSION, "kind": "TrainingJob", "metadata": metadata, "spec": {"model": "car-loan"}}


async def observed(cluster: FakeCluster) -> RetrainingFacts:
    found = await retraining_facts(SERVICE, sources=sources(cluster))
    assert found is not None
    return found


async def test_trainings_of_the_service_are_seen_but_for_those_that_another_service_trains_by() -> None:
    cluster = FakeCluster()
    for name in ("ours", "named-elsewhere"):
        cluster.put(a_training(name))
    cluster.put(a_training("labelled-by-somebody", is_ours=False))
    metadata = {"name": "other", "namespace": SERVICE.metadata.namespace}
    spec = {"retraining": {"trainingJobRef": {"name": "named-elsewhere"}}}
    cluster.put({"apiVersion": API_VERSION, "kind": "InferenceService", "metadata": metadata, "spec": spec})
    made = (await observed(cluster)).made
    assert not isinstance(made, Unknown)
    assert [job["metadata"]["name"] for job in made] == ["ours"]


async def test_trainings_are_unknown_until_the_cache_is_complete() -> None:
    assert isinstance((await observed(FakeCluster(is_complete=False))).made, Unknown)
