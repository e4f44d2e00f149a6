"""The kind way cannot run where there is no Docker; its configuration and its command lines are checked here."""

import os
from pathlib import Path

import pytest
import yaml

from tests.cluster import kind, versions
from tests.cluster.api import Cluster, Way
from tests.cluster.errors import ClusterError
from tests.cluster.images import Images
from tests.cluster.paths import Layout
from tests.cluster.source import require_possible

CONFIG = yaml.safe_load((Layout.here().checkout / "kind-config.yaml").read_text())


def test_the_configuration_is_for_the_same_kubernetes_as_the_way_from_source() -> None:
    assert [node["image"] for node in CONFIG["nodes"]] == [kind.NODE_IMAGE]
    assert CONFIG["nodes"][0]["image"].endswith(f":v{versions.KUBERNETES}")


def test_the_configuration_has_the_same_networks_and_pod_limit() -> None:
    patch = yaml.safe_load(CONFIG["nodes"][0]["kubeadmConfigPatches"][0])

    networking = CONFIG["networking"]
    assert (networking["podSubnet"], networking["serviceSubnet"]) == (versions.POD_CIDR, versions.SERVICE_CIDR)
    assert patch["maxPods"] == versions.MAX_PODS


def test_the_configuration_has_only_known_fields() -> None:
    assert (CONFIG["kind"], CONFIG["apiVersion"], CONFIG["name"]) == ("Cluster", "kind.x-k8s.io/v1alpha4", kind.NAME)
    assert set(CONFIG) == {"kind", "apiVersion", "name", "networking", "nodes"}
    known = {"role", "image", "extraPortMappings", "kubeadmConfigPatches"}
    assert {field for node in CONFIG["nodes"] for field in node} <= known


def test_a_cluster_is_created_from_that_file() -> None:
    command = kind.create_command(Layout(Path("/checkout")))

    assert command[:5] == ["kind", "create", "cluster", "--name", "leeboard"]
    assert command[command.index("--config") + 1] == "/checkout/kind-config.yaml"


def test_images_are_built_on_the_slim_python_image_and_loaded_by_name() -> None:
    build = kind.build_command("operator", "leeboard.dev/operator:dev", checkout=Path("/checkout"))

    assert build[-1] == "/checkout"
    assert "BASE_IMAGE=python:3.11-slim" in build
    assert kind.load_command("a:dev") == ["kind", "load", "docker-image", "a:dev", "--name", "leeboard"]


def test_kind_without_a_docker_engine_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "docker_runs", lambda: False)

    with pytest.raises(ClusterError, match="needs a running Docker engine"):
        kind.up(Layout(Path("/checkout")))


def test_images_for_an_existing_cluster_need_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "docker_runs", lambda: False)

    with pytest.raises(ClusterError, match="existing cluster needs a running Docker engine"):
        Images(Layout.here(), "existing").ensure(["operator"])


def test_a_way_that_does_not_exist_is_refused_with_those_that_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEBOARD_CLUSTER", "vagrant")

    with pytest.raises(ClusterError, match="'vagrant'; it can be existing, kind, source"):
        Cluster.here()


def test_the_way_from_source_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(ClusterError, match="needs root: use sudo, kind with Docker, or set LEEBOARD_KUBECONFIG"):
        require_possible()


@pytest.mark.parametrize(
    ("machine", "way"),
    [
        ({"LEEBOARD_KUBECONFIG": "/k", "Docker": "runs"}, Way.EXISTING),
        ({"Docker": "runs"}, Way.KIND),
        ({}, Way.SOURCE),
        ({"LEEBOARD_CLUSTER": "source", "Docker": "runs"}, Way.SOURCE),
    ],
    ids=["a kubeconfig is named", "Docker runs", "nothing but Go", "forced"],
)
def test_the_way_is_chosen_by_what_the_machine_offers(
    monkeypatch: pytest.MonkeyPatch, machine: dict[str, str], way: Way
) -> None:
    for name in ("LEEBOARD_KUBECONFIG", "LEEBOARD_CLUSTER"):
        monkeypatch.setenv(name, machine.get(name, ""))
    monkeypatch.setattr(kind, "docker_runs", lambda: "Docker" in machine)

    assert Cluster.here().way is way
