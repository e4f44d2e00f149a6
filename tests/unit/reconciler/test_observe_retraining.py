"""What is observed for the decision to train again."""

from __future__ import annotations

import pytest

from leeboard.adapters.kubernetes.objects import slim
from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.retraining import Retraining
from leeboard.api.retraining_status import RetrainingStatus, TemplateMark
from leeboard.planning.facts import Children, Unknown
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


class SlimCluster(FakeCluster):
    """Its cache keeps what the operator's keeps."""

    def cached(self, kind: str, namespace: str) -> Children | Unknown:
        found = super().cached(kind, namespace)
        return found if isinstance(found, Unknown) else Children(tuple(slim(kind, item) for item in found.items))


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


def a_template(cluster: FakeCluster) -> str:
    """The template is there; its uid."""
    spec = {"model": "car-loan", "template": {"spec": {}}}
    metadata = {"name": "template", "namespace": SERVICE.metadata.namespace}
    stored = cluster.put({"apiVersion": API_VERSION, "kind": "TrainingJob", "metadata": metadata, "spec": spec})
    return str(stored["metadata"]["uid"])


@pytest.mark.parametrize("known", [True, False])
async def test_a_template_is_read_as_a_whole_only_while_it_is_another_one_than_known(*, known: bool) -> None:
    cluster = SlimCluster()
    uid = a_template(cluster)
    mark = TemplateMark(uid=uid if known else "before", digest="d")
    spec = SERVICE.spec.model_copy(
        update={"retraining": Retraining.model_validate({**RETRAINING, "triggers": [{"newTemplate": {}}]})}
    )
    status = SERVICE.status.model_copy(update={"retraining": RetrainingStatus(trained_template=mark)})
    resource = SERVICE.model_copy(update={"spec": spec, "status": status})
    found = await retraining_facts(resource, sources=sources(cluster))
    assert found is not None
    assert isinstance(found.template, dict)
    assert ("template" in found.template["spec"]) is not known
