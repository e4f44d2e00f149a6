"""The daemons' flags and files say what the cluster promises."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cluster import cgroups, network, packages, versions
from tests.cluster import node as node_module
from tests.cluster.control_plane import ControlPlane
from tests.cluster.node import Node
from tests.cluster.paths import Layout

RULES = """-P FORWARD ACCEPT
-N KUBE-SERVICES
-N LEEBOARD-FORWARD
-N DOCKER
-A FORWARD -j LEEBOARD-FORWARD
-A FORWARD -m comment --comment "kubernetes" -j KUBE-SERVICES
-A FORWARD -j DOCKER
-A KUBE-SERVICES -j LEEBOARD-FORWARD
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    layout = Layout(tmp_path)
    for name in ("CONTAINERD_SOCKET", "KUBELET_ROOT", "RUN"):
        monkeypatch.setattr(node_module, name, tmp_path / "run" / name.lower())
    monkeypatch.setattr(packages, "runc", lambda: "/usr/sbin/runc")
    monkeypatch.setattr(cgroups, "driver", lambda: "cgroupfs")
    plane = ControlPlane(
        bin=Path("/bin"), state=layout.state, api_port=1, etcd_port=2, etcd_peer_port=3, audit_log=layout.audit_log
    )
    plane.prepare()
    node = Node(layout, plane, Path("/usr/lib/cni"))
    node.prepare()
    return node


def test_containerd_keeps_its_sockets_out_of_the_checkout(node: Node) -> None:
    config = tomllib.loads((node.layout.config / "containerd.toml").read_text())

    runtime = config["plugins"]["io.containerd.cri.v1.runtime"]
    assert (config["version"], config["root"]) == (3, str(node.layout.state / "containerd"))
    assert runtime["netns_mounts_under_state_dir"] is True
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["BinaryName"] == "/usr/sbin/runc"


def test_the_kubelet_never_collects_images_and_takes_250_pods(node: Node) -> None:
    config = json.loads((node.layout.config / "kubelet.json").read_text())

    assert (config["imageGCHighThresholdPercent"], config["maxPods"]) == (100, 250)
    assert (config["failCgroupV1"], config["clusterDNS"]) == (False, [versions.DNS_ADDRESS])


def test_the_api_server_audits_every_mutating_request(node: Node) -> None:
    policy = json.loads((node.layout.config / "audit.json").read_text())

    verbs = [rule["verbs"] for rule in policy["rules"] if rule["level"] == "Metadata"]
    assert verbs == [["create", "update", "patch", "delete", "deletecollection"]]
    assert f"--audit-log-path={node.layout.audit_log}" in node.plane.api_server().argv


def test_an_api_server_without_controllers_needs_no_service_accounts(tmp_path: Path) -> None:
    plane = ControlPlane(bin=Path("/bin"), state=tmp_path, api_port=1, etcd_port=2, etcd_peer_port=3, controllers=False)
    plane.prepare()

    assert "--disable-admission-plugins=ServiceAccount" in plane.api_server().argv


def test_configuration_that_is_the_same_is_not_written_again(node: Node) -> None:
    file = node.layout.config / "kubelet.json"
    before = file.stat().st_mtime_ns

    node.prepare()

    assert file.stat().st_mtime_ns == before


def test_only_our_chains_and_the_jumps_to_them_are_found() -> None:
    chains, jumps = network.our_rules(RULES)

    assert chains == ["KUBE-SERVICES", "LEEBOARD-FORWARD"]
    assert [jump.split()[-1] for jump in jumps] == ["LEEBOARD-FORWARD", "KUBE-SERVICES"]


def test_another_caller_with_another_path_restarts_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [node.containerd().digest(), node.kubelet().digest(), node.kube_proxy().digest()]
    monkeypatch.setenv("PATH", "/elsewhere")

    assert [node.containerd().digest(), node.kubelet().digest(), node.kube_proxy().digest()] == before
