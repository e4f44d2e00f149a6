"""What every Cluster does: the adapter on a real API server, and the fake that unit tests use."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.errors import AlreadyExistsError, ConflictError, NotLeaderError, RejectedError
from leeboard.planning.facts import Children
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, ObjectRef, ref_of, uid_of
from leeboard.ports import Cluster, Key
from tests.integration.conftest import Api
from tests.integration.direct import direct_cluster
from tests.support.fake_cluster import FakeCluster

pytestmark = pytest.mark.integration
TRAINING_JOB = Kind.TRAINING_JOB


@dataclass
class Scene:
    """A cluster with one TrainingJob, the owner of what is written."""

    cluster: Cluster
    owner: Metadata
    gate: WriteGate | FakeCluster

    @property
    def key(self) -> Key:
        return Key(TRAINING_JOB, self.owner.namespace, self.owner.name)

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(API_VERSION, TRAINING_JOB.value, self.owner.namespace, self.owner.name)

    def service(self, name: str = "child", *, ours: bool = True, port: int = 80) -> Manifest:
        labels = owner_labels(TRAINING_JOB, name=self.owner.name, uid=self.owner.uid)
        metadata: Manifest = {"name": name, "namespace": self.owner.namespace, "labels": labels}
        if ours:
            metadata["ownerReferences"] = [controller_reference(TRAINING_JOB, self.owner)]
        spec = {"ports": [{"name": "http", "port": port, "protocol": "TCP", "targetPort": 8080}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}

    async def made(self, name: str = "child", *, ours: bool = True) -> Manifest:
        """A Service that is there, with its uid."""
        manifest = self.service(name, ours=ours)
        await self.cluster.write(self.owner, TRAINING_JOB, Create(manifest))
        found = await self.cluster.get(ref_of(manifest))
        assert found is not None
        return found

    def shut(self) -> None:
        if isinstance(self.gate, FakeCluster):
            self.gate.is_leader = False
        else:
            self.gate.shut()


def owner_of(stored: Manifest) -> Metadata:
    return Metadata.model_validate(stored["metadata"])


def training_job(namespace: str) -> Manifest:
    template = {"spec": {"containers": [{"name": "train", "image": "trainer"}]}}
    metadata = {"name": "owner", "namespace": namespace}
    spec = {"model": "loan", "template": template}
    return {"apiVersion": API_VERSION, "kind": TRAINING_JOB.value, "metadata": metadata, "spec": spec}


@pytest.fixture(params=["adapter", "fake"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    if request.param == "fake":
        fake = FakeCluster()
        yield Scene(fake, owner_of(fake.put(training_job("team"))), fake)
        return
    api: Api = request.getfixturevalue("api")
    namespace = api.namespace()
    stored = api.create(f"/apis/{API_VERSION}/namespaces/{namespace}/trainingjobs", training_job(namespace))
    async with direct_cluster(api) as (cluster, gate):
        yield Scene(cluster, owner_of(stored), gate)


async def test_a_missing_object_is_none_and_a_missing_log_too(scene: Scene) -> None:
    assert await scene.cluster.get(ref_of(scene.service())) is None
    pod = ObjectRef("v1", "Pod", scene.owner.namespace, "none")
    assert await scene.cluster.log_tail(pod, "main", lines=5) is None


async def test_a_created_child_is_there_and_among_the_children_at_once(scene: Scene) -> None:
    made = await scene.made()

    children = scene.cluster.children(scene.owner, "Service")
    assert isinstance(children, Children)
    assert [uid_of(child) for child in children.items] == [uid_of(made)]


async def test_our_own_child_may_be_created_again_and_stays_what_it_was(scene: Scene) -> None:
    made = await scene.made()

    await scene.cluster.write(scene.owner, TRAINING_JOB, Create(scene.service(port=81)))

    assert await scene.cluster.get(ref_of(made)) == made


def stored_secret(scene: Scene, request: pytest.FixtureRequest) -> Manifest:
    """What is there, read by somebody who may: the operator's own client cannot even ask."""
    if isinstance(scene.cluster, FakeCluster):
        return scene.cluster.objects[ObjectRef("v1", "Secret", scene.owner.namespace, "child")]
    api: Api = request.getfixturevalue("api")
    return api.get(f"/api/v1/namespaces/{scene.owner.namespace}/secrets/child")


async def test_a_secret_is_drawn_once_and_never_again(scene: Scene, request: pytest.FixtureRequest) -> None:
    manifest = {**scene.service(), "kind": "Secret", "type": "Opaque"}
    del manifest["spec"]

    await scene.cluster.write(scene.owner, TRAINING_JOB, CreateSecret(manifest, {"credential": 64}))
    first = stored_secret(scene, request)
    await scene.cluster.write(scene.owner, TRAINING_JOB, CreateSecret(manifest, {"credential": 64}))

    assert list(first["data"]) == ["credential"]
    assert stored_secret(scene, request) == first


async def test_a_strangers_object_of_that_name_is_a_conflict_and_left_alone(scene: Scene) -> None:
    stranger = await scene.made(ours=False)

    with pytest.raises(AlreadyExistsError):
        await scene.cluster.write(scene.owner, TRAINING_JOB, Create(scene.service()))

    assert await scene.cluster.get(ref_of(stranger)) == stranger


async def test_an_apply_changes_the_object_of_that_uid_only(scene: Scene) -> None:
    made = await scene.made()

    await scene.cluster.write(scene.owner, TRAINING_JOB, Apply(scene.service(port=81), uid_of(made)))
    with pytest.raises(ConflictError):
        await scene.cluster.write(scene.owner, TRAINING_JOB, Apply(scene.service(port=82), "another-uid"))

    found = await scene.cluster.get(ref_of(made))
    assert found is not None
    assert [port["port"] for port in found["spec"]["ports"]] == [81]


async def test_an_apply_does_not_bring_a_deleted_object_back(scene: Scene) -> None:
    made = await scene.made()
    await scene.cluster.write(scene.owner, TRAINING_JOB, Delete(ref_of(made), uid_of(made)))

    with pytest.raises(ConflictError):
        await scene.cluster.write(scene.owner, TRAINING_JOB, Apply(scene.service(), uid_of(made)))

    assert await scene.cluster.get(ref_of(made)) is None
    assert scene.cluster.children(scene.owner, "Service") == Children(())


async def test_a_delete_and_a_patch_demand_the_observed_uid(scene: Scene) -> None:
    made = await scene.made()
    operation = {"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}

    with pytest.raises(ConflictError):
        await scene.cluster.write(scene.owner, TRAINING_JOB, Delete(ref_of(made), "another-uid"))
    with pytest.raises(ConflictError):
        await scene.cluster.write(scene.owner, TRAINING_JOB, JsonPatch(ref_of(made), "another-uid", (operation,)))

    assert await scene.cluster.get(ref_of(made)) == made


async def test_a_status_is_replaced_as_a_whole(scene: Scene) -> None:
    await scene.cluster.write_status(
        scene.key, scene.owner.uid, {"observedGeneration": 1, "phase": "Running", "attempt": 1}
    )
    await scene.cluster.write_status(scene.key, scene.owner.uid, {"observedGeneration": 1, "phase": "Succeeded"})

    found = await scene.cluster.get(scene.ref)
    assert found is not None
    assert (found["status"]["phase"], found["status"].get("attempt", 0)) == ("Succeeded", 0)


async def test_a_status_for_a_recreated_object_is_a_conflict(scene: Scene) -> None:
    with pytest.raises(ConflictError):
        await scene.cluster.write_status(scene.key, "another-uid", {"observedGeneration": 1})


async def test_behind_a_shut_gate_nothing_is_written(scene: Scene) -> None:
    scene.shut()

    with pytest.raises(NotLeaderError):
        await scene.cluster.write(scene.owner, TRAINING_JOB, Create(scene.service()))
    with pytest.raises(NotLeaderError):
        await scene.cluster.write_status(scene.key, scene.owner.uid, {"observedGeneration": 1})

    assert await scene.cluster.get(ref_of(scene.service())) is None


@pytest.mark.parametrize("scene", ["adapter"], indirect=True)
async def test_an_invalid_object_and_an_unknown_field_are_refused_with_their_path(scene: Scene) -> None:
    invalid, typo = scene.service(port=99999), scene.service()
    typo["spec"]["selektor"] = {}

    with pytest.raises(RejectedError, match=r"spec\.ports\[0\]\.port") as first:
        await scene.cluster.write(scene.owner, TRAINING_JOB, Create(invalid))
    with pytest.raises(RejectedError, match=r"spec\.selektor") as second:
        await scene.cluster.write(scene.owner, TRAINING_JOB, Create(typo))

    assert (first.value.code, second.value.code) == (422, 422)
