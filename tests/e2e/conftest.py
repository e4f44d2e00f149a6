"""One cluster with gateway and chart installed for the whole session; a namespace of its own for each scene."""

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path, PurePath

import pytest
from rich.console import Console

from tests.cluster.api import Cluster, Gateway
from tests.e2e import obedient
from tests.e2e.rollouts import Town
from tests.e2e.scene import Scene
from tests.stories.screen import Screen
from tests.stories.stage import Stage
from tests.support.diagnosis import diagnose
from tests.support.installation import Helm, install_chart
from tests.support.kubectl import Kubectl

HERE = Path(__file__).parent
FIRST_TEST_SECONDS = 1800
"""Whichever test comes first may have to bring up a cluster and build four images."""
LAST = ("test_installation.py",)
"""Takes the chart away and puts plain manifests in its place: after everything else."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is end-to-end; what replaces the installation comes last."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(FIRST_TEST_SECONDS))
    items.sort(key=lambda item: item.path.name in LAST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the conditions, events and logs of a failed test's namespace."""
    report = yield
    if report.failed:
        values = getattr(item, "funcargs", {}).values()
        scenes = [value.scene if isinstance(value, Town) else value for value in values]
        for scene in (value for value in scenes if isinstance(value, Scene)):
            report.sections.append((f"namespace {scene.namespace}", diagnose(scene.kubectl, scene.namespace)))
    return report


@pytest.fixture(scope="session")
def bare_cluster() -> Cluster:
    """The local cluster, up, with this checkout's images; nothing of ours is installed on it."""
    cluster = Cluster.here().up()
    cluster.images()
    return cluster


@pytest.fixture(scope="session")
def gateway(bare_cluster: Cluster) -> Gateway:
    """A Gateway that carries real traffic."""
    return bare_cluster.gateway()


@pytest.fixture(scope="session")
def cluster(bare_cluster: Cluster, gateway: Gateway) -> Cluster:
    """The cluster with its gateway and this checkout's chart."""
    install_chart(bare_cluster, gateway)
    return bare_cluster


@pytest.fixture(scope="session")
def metrics(bare_cluster: Cluster) -> None:
    """What pods use is known: autoscalers move."""
    bare_cluster.metrics()


@pytest.fixture(scope="session")
def prometheus(bare_cluster: Cluster) -> str:
    """The URL, as pods reach it, of a Prometheus server that scrapes model servers each second."""
    return bare_cluster.prometheus()


@pytest.fixture(scope="session")
def kubectl(bare_cluster: Cluster) -> Kubectl:
    """kubectl as the cluster's administrator."""
    return Kubectl.of(bare_cluster)


@pytest.fixture(scope="session")
def helm(cluster: Cluster) -> Helm:
    """helm for the release under test."""
    return Helm.of(cluster)


@pytest.fixture
def scene(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """An empty namespace that is closed to all but restricted pods, for one test."""
    with opened(Kubectl.of(cluster), request.node.name) as scene:
        yield scene


@pytest.fixture(scope="module")
def shared_scene(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The same for all tests of a module, which then build on each other's state in their order."""
    with opened(Kubectl.of(cluster), request.node.name) as scene:
        yield scene


@pytest.fixture
def bare_scene(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The same on a cluster that need not have our chart: for what our tests themselves rest on."""
    with opened(kubectl, request.node.name) as scene:
        yield scene


@pytest.fixture(scope="session")
def whole_town(cluster: Cluster, gateway: Gateway) -> Iterator[Town]:
    """A namespace for all scenarios of rollouts, with three good versions and a failing one, trained once."""
    with opened(Kubectl.of(cluster), "rollouts") as scene:
        trainings = {name: obedient.training() for name in ("good-1", "good-2", "good-3")}
        trainings["failing"] = obedient.training(answered=0.75)
        for name, script in trainings.items():
            scene.train(name, script)
        first, second, third, failing = (scene.trained(name)["spec"]["version"] for name in trainings)
        yield Town(scene, gateway, (first, second, third), failing)


@pytest.fixture
def town(whole_town: Town) -> Iterator[Town]:
    """The same, for one test; its services are deleted afterwards."""
    yield whole_town
    whole_town.clear()


@contextlib.contextmanager
def opened(kubectl: Kubectl, name: str) -> Iterator[Scene]:
    """A fresh namespace named after a test; deleted afterwards without waiting."""
    words = PurePath(name).stem.removeprefix("test_").replace("_", "-")
    namespace = f"e2e-{words}"[:50].rstrip("-")
    kubectl.delete("namespace", namespace)
    scene = Scene(Stage(kubectl, namespace, Screen(namespace, Console(quiet=True))))
    kubectl.apply(scene.namespace_manifest())
    yield scene
    kubectl.delete("namespace", namespace, wait=False)
