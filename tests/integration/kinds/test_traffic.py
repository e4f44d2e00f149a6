"""Objects that split requests on a real API server: accepted with strict validation, and the same once stored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest

from leeboard.adapters.kubernetes.cluster import KubernetesCluster
from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.names import API_VERSION, Kind
from leeboard.api.resource import Manifest
from leeboard.api.serving import Autoscaling
from leeboard.planning.autoscaling import autoscaler, is_same_autoscaler
from leeboard.planning.facts import Children
from leeboard.planning.plan import Apply, Create, ref_of, uid_of
from leeboard.planning.serving import RUNTIMES, deployment_of
from leeboard.planning.traffic import GatewayAPI, Replicas, ResolvedGateway, Road, Seen, Split, TrafficProvider
from tests.integration.conftest import Api
from tests.integration.direct import direct_cluster
from tests.unit.planning.serving.test_mlflow import served
from tests.unit.planning.traffic.builders import BETA, CANARY, STABLE, a_split

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("gateway_api")]
GATEWAY = ResolvedGateway("shared", "gateways", "http", ("loans.team.models.example", "loans.example"))
PROVIDERS: dict[str, TrafficProvider] = {"GatewayAPI": GatewayAPI(), "Replicas": Replicas()}
SPLITS = {
    "GatewayAPI": (
        Split(STABLE),
        a_split(),
        a_split(mirror=100),
        a_split(match=BETA),
        a_split(10, mirror=30, match=BETA),
        a_split(1),
        a_split(100),
        Split(CANARY),
    ),
    "Replicas": (Split(STABLE), a_split(10), Split(STABLE), a_split(60), a_split(100), Split(CANARY)),
}


@dataclass
class World:
    """An InferenceService ``loans``, and the adapter through which the operator writes."""

    api: Api
    cluster: KubernetesCluster
    resource: InferenceService

    @property
    def road(self) -> Road:
        runtime = RUNTIMES["MLflow"]
        names = {STABLE: "loans-aaa", CANARY: "loans-bbb"}
        return Road(self.resource, GATEWAY, runtime.ports(self.resource.spec.server), names)

    async def put(self, provider: TrafficProvider, split: Split) -> list[str]:
        """What one pass writes for ``split``, by the kind and name of the objects."""
        written = []
        for wanted in provider.objects(self.road, split):
            live = await self.cluster.get(ref_of(wanted))
            if live is None or not provider.is_same(live, wanted):
                await self.write(wanted, live)
                written.append(f"{wanted['kind']} {wanted['metadata']['name']}")
        return written

    async def write(self, wanted: Manifest, live: Manifest | None) -> None:
        write = Create(wanted) if live is None else Apply(wanted, uid_of(live))
        await self.cluster.write(self.resource.metadata, Kind.INFERENCE_SERVICE, write)

    async def seen(self, objects: Sequence[Manifest]) -> Seen:
        live = [await self.cluster.get(ref_of(item)) for item in objects]
        found = [item for item in live if item is not None]
        services = tuple(item for item in found if item["kind"] == "Service")
        routes = tuple(item for item in found if item["kind"] == "HTTPRoute")
        return Seen(Children(services), Children(routes), Children(), Children())

    def path(self, plural: str, name: str, *, api: str) -> str:
        root = "/api/v1" if api == "v1" else f"/apis/{api}"
        return f"{root}/namespaces/{self.resource.metadata.namespace}/{plural}/{name}"

    def edit(self, path: str, **change: object) -> None:
        """Somebody else changes parts of an object."""
        self.api.rest.replace(path, {**self.api.get(path), **change})


@pytest.fixture
async def world(api: Api, namespace: str) -> AsyncIterator[World]:
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/inferenceservices"
    manifest = {
        "apiVersion": API_VERSION,
        "kind": Kind.INFERENCE_SERVICE.value,
        "metadata": {"name": "loans", "namespace": namespace},
        "spec": {"model": {"name": "car-loan", "version": "1"}, "server": {"requestTimeout": "90s"}},
    }
    resource = InferenceService.model_validate(api.create(path, manifest))
    async with direct_cluster(api) as (cluster, _):
        yield World(api, cluster, resource)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_every_split_is_accepted_and_then_nothing_more_is_written(world: World, name: str) -> None:
    provider = PROVIDERS[name]

    for split in SPLITS[name]:
        await world.put(provider, split)
        assert await world.put(provider, split) == []


async def test_every_split_of_a_gateway_is_read_from_what_is_stored(world: World) -> None:
    provider = PROVIDERS["GatewayAPI"]

    for split in SPLITS["GatewayAPI"][:-1]:
        await world.put(provider, split)
        objects = provider.objects(world.road, split)
        assert provider.applied(world.road, await world.seen(objects)) == split


async def test_one_split_after_the_other_leaves_nothing_of_the_one_before(world: World) -> None:
    provider = PROVIDERS["GatewayAPI"]
    await world.put(provider, a_split(10, mirror=100, match=BETA))

    await world.put(provider, Split(STABLE))

    route = await world.cluster.get(ref_of(provider.objects(world.road, Split(STABLE))[-1]))
    assert route is not None
    assert route["spec"] == provider.objects(world.road, Split(STABLE))[-1]["spec"]


async def test_a_pair_that_shares_the_service_leaves_no_label_behind(world: World) -> None:
    provider = PROVIDERS["Replicas"]
    for split in (Split(STABLE), a_split(50), a_split(100), Split(CANARY)):
        await world.put(provider, split)

    (wanted,) = provider.objects(world.road, Split(CANARY))
    live = await world.cluster.get(ref_of(wanted))

    assert live is not None
    assert live["spec"]["selector"] == wanted["spec"]["selector"]
    assert "annotations" not in live["metadata"]


async def test_a_weight_that_somebody_changed_is_put_right_and_what_is_theirs_stays(world: World) -> None:
    provider, split = PROVIDERS["GatewayAPI"], a_split(10)
    await world.put(provider, split)
    path = world.path("httproutes", "loans", api="gateway.networking.k8s.io/v1")
    live = world.api.get(path)
    rule = live["spec"]["rules"][0]
    backends = [{**item, "weight": 50} for item in rule["backendRefs"]]
    theirs = {**live["metadata"], "annotations": {"team": "credit"}}
    world.edit(path, metadata=theirs, spec={**live["spec"], "rules": [{**rule, "backendRefs": backends}]})

    assert await world.put(provider, split) == ["HTTPRoute loans"]

    repaired = world.api.get(path)
    assert [item["weight"] for item in repaired["spec"]["rules"][0]["backendRefs"]] == [90, 10]
    assert repaired["metadata"]["annotations"] == {"team": "credit"}
    assert await world.put(provider, split) == []


async def test_an_annotation_of_somebody_else_is_no_reason_to_write(world: World) -> None:
    provider, split = PROVIDERS["GatewayAPI"], a_split(10)
    await world.put(provider, split)
    path = world.path("httproutes", "loans", api="gateway.networking.k8s.io/v1")
    world.edit(path, metadata={**world.api.get(path)["metadata"], "annotations": {"team": "credit"}})

    assert await world.put(provider, split) == []


SCALING = Autoscaling(min_replicas=1, max_replicas=6)


def a_revision() -> Revision:
    return served().revision.model_copy(update={"deployment": "loans-aaa"})


async def test_an_autoscaler_is_accepted_and_the_same_once_it_is_stored(world: World) -> None:
    for least in (1, 3):
        wanted = autoscaler(world.resource, a_revision(), scaling=SCALING, least=least)
        live = await world.cluster.get(ref_of(wanted))
        assert live is None or not is_same_autoscaler(live, wanted)
        await world.write(wanted, live)
        stored = await world.cluster.get(ref_of(wanted))
        assert stored is not None
        assert is_same_autoscaler(stored, wanted)


async def test_the_behaviour_that_somebody_gave_an_autoscaler_is_kept(world: World) -> None:
    wanted = autoscaler(world.resource, a_revision(), scaling=SCALING, least=1)
    await world.write(wanted, None)
    path = world.path("horizontalpodautoscalers", "loans-aaa", api="autoscaling/v2")
    spec = world.api.get(path)["spec"]
    world.edit(path, spec={**spec, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}})

    stored = await world.cluster.get(ref_of(wanted))
    assert stored is not None
    assert is_same_autoscaler(stored, wanted)
    await world.write(autoscaler(world.resource, a_revision(), scaling=SCALING, least=2), stored)

    after = world.api.get(path)["spec"]
    assert after["minReplicas"] == 2
    assert after["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 60


async def a_deployment(world: World) -> Manifest:
    """The Deployment of a revision of this service, as it is made."""
    one = served()
    service = one.service.model_copy(update={"metadata": world.resource.metadata})
    made = deployment_of(replace(one, service=service), RUNTIMES["MLflow"])
    await world.write(made, None)
    return made


async def test_a_repair_moves_no_pods_whether_an_autoscaler_has_set_their_number_or_not(world: World) -> None:
    made = await a_deployment(world)
    path = world.path("deployments", made["metadata"]["name"], api="apps/v1")

    for replicas in (1, 5):
        if replicas > 1:
            world.edit(f"{path}/scale", spec={"replicas": replicas})
        live = await world.cluster.get(ref_of(made))
        assert live is not None
        await world.write({**made, "spec": {**made["spec"], "replicas": live["spec"]["replicas"]}}, live)
        assert world.api.get(path)["spec"]["replicas"] == replicas


async def test_a_repair_without_a_number_of_pods_would_take_them_away(world: World) -> None:
    made = await a_deployment(world)
    path = world.path("deployments", made["metadata"]["name"], api="apps/v1")
    live = await world.cluster.get(ref_of(made))
    assert live is not None
    await world.write({**made, "spec": {**made["spec"], "replicas": 4}}, live)
    without = {key: value for key, value in made["spec"].items() if key != "replicas"}

    await world.write({**made, "spec": without}, live)

    assert world.api.get(path)["spec"]["replicas"] == 1
