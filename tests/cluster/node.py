"""The node's daemons: containerd, kubelet, kube-proxy, CoreDNS and the volume provisioner, and their configuration."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cgroups, packages, versions
from tests.cluster.control_plane import ControlPlane
from tests.cluster.paths import RUN, Layout
from tests.cluster.processes import Daemon

CONTAINERD_SOCKET = RUN / "containerd" / "containerd.sock"
KUBELET_ROOT = RUN / "kubelet"
"""A bind mount of the state folder's ``kubelet``: the kubelet's own sockets need a short path too."""
CNI_RESULTS = Path("/var/lib/cni/results")
NETWORK = "leeboard"


@dataclass(frozen=True, slots=True)
class Node:
    """Builds the daemons of the one node."""

    layout: Layout
    plane: ControlPlane
    cni_folder: Path

    def prepare(self) -> None:
        """Write the node's configuration."""
        self.layout.volumes.mkdir(parents=True, exist_ok=True)
        for folder in (CONTAINERD_SOCKET.parent, KUBELET_ROOT, RUN / "cni", self.layout.state / "kubelet"):
            folder.mkdir(parents=True, exist_ok=True)
        self._write("containerd.toml", self._containerd_config())
        self._write("cni/leeboard.conflist", json.dumps(self._cni_config(), indent=1))
        self._write("resolv.conf", f"nameserver {versions.DNS_ADDRESS}\n")
        self._write("kubelet.json", json.dumps(self._kubelet_config(), indent=1))
        self._write("kube-proxy.json", json.dumps(self._proxy_config(), indent=1))
        self._write("Corefile", self._corefile())

    def containerd(self) -> Daemon:
        """Build containerd; its shims come from our binaries, runc from the distribution."""
        config = self.layout.config / "containerd.toml"
        return Daemon(
            name="containerd",
            argv=(str(self.plane.bin / "containerd"), "--config", str(config)),
            env=self._path(),
            inputs=(config,),
        )

    def kubelet(self) -> Daemon:
        """Build the kubelet."""
        config = self.layout.config / "kubelet.json"
        kubeconfig = self.plane.kubeconfig_for("kubelet", f"system:node:{versions.NODE_NAME}", groups=("system:nodes",))
        self.plane.authority.issue("kubelet-server", versions.NODE_NAME, hosts=[versions.NODE_ADDRESS, "127.0.0.1"])
        return Daemon(
            name="kubelet",
            argv=(
                str(self.plane.bin / "kubelet"),
                f"--config={config}",
                f"--kubeconfig={kubeconfig}",
                f"--root-dir={KUBELET_ROOT}",
                f"--hostname-override={versions.NODE_NAME}",
                f"--node-ip={versions.NODE_ADDRESS}",
            ),
            env=self._path(),
            inputs=(config,),
        )

    def kube_proxy(self) -> Daemon:
        """Build kube-proxy in iptables mode."""
        config = self.layout.config / "kube-proxy.json"
        self.plane.kubeconfig_for("kube-proxy", "system:kube-proxy")
        argv = (str(self.plane.bin / "kube-proxy"), f"--config={config}", f"--hostname-override={versions.NODE_NAME}")
        return Daemon(name="kube-proxy", argv=argv, env=self._path(), inputs=(config,))

    def coredns(self) -> Daemon:
        """Build CoreDNS, a process of the host that pods reach through the cluster DNS Service."""
        config = self.layout.config / "Corefile"
        self.plane.kubeconfig_for("coredns", "system:coredns")
        argv = (str(self.plane.bin / "coredns"), "-conf", str(config))
        return Daemon(name="coredns", argv=argv, inputs=(config,))

    def volumes(self) -> Daemon:
        """Build our volume provisioner."""
        self.plane.kubeconfig_for("volume-provisioner", "system:leeboard-volume-provisioner")
        argv = (
            sys.executable,
            "-m",
            "tests.cluster.storage",
            self.plane.server,
            str(self.plane.authority.folder),
            str(self.layout.volumes),
        )
        source = Path(__file__).with_name("storage.py")
        environment = {"PYTHONPATH": str(self.layout.checkout), "PYTHONUNBUFFERED": "1"}
        return Daemon(name="volume-provisioner", argv=argv, env=environment, inputs=(source,))

    def _write(self, name: str, text: str) -> None:
        path = self.layout.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)

    def _path(self) -> dict[str, str]:
        """Return a PATH that does not depend on the caller's: another one would call for a restart."""
        return {"PATH": f"{self.plane.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

    def _containerd_config(self) -> str:
        systemd = "true" if cgroups.driver() == "systemd" else "false"
        return f"""version = 3
root = "{self.layout.state / "containerd"}"
state = "{RUN / "containerd"}"

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins.'io.containerd.internal.v1.opt']
  path = "{self.layout.state / "opt"}"

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "{versions.PAUSE_IMAGE}"

[plugins.'io.containerd.cri.v1.runtime']
  # A process without CAP_SYS_RESOURCE cannot lower it.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    use_internal_loopback = true
    bin_dirs = ["{self.cni_folder}"]
    conf_dir = "{self.layout.config / "cni"}"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = "{packages.runc()}"
      Root = "{RUN / "runc"}"
      SystemdCgroup = {systemd}
"""

    def _cni_config(self) -> dict[str, object]:
        """Every pod is routed, not bridged: a Service reached from its own subnet needs no br_netfilter this way."""
        address_management = {
            "type": "host-local",
            "ranges": [[{"subnet": versions.POD_CIDR}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(RUN / "cni"),
        }
        return {
            "cniVersion": "1.0.0",
            "name": NETWORK,
            "plugins": [
                {"type": "ptp", "ipMasq": False, "ipam": address_management},
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }

    def _kubelet_config(self) -> dict[str, object]:
        pki = self.plane.authority.folder
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self.plane.authority.pair.certificate)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(pki / "kubelet-server.crt"),
            "tlsPrivateKeyFile": str(pki / "kubelet-server.key"),
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "cgroupDriver": cgroups.driver(),
            "cgroupRoot": cgroups.root(),
            "failCgroupV1": False,
            "failSwapOn": False,
            "clusterDNS": [versions.DNS_ADDRESS],
            "clusterDomain": "cluster.local",
            "resolvConf": str(self.layout.config / "resolv.conf"),
            "maxPods": versions.MAX_PODS,
            "podLogsDir": str(self.layout.state / "pod-logs"),
            "staticPodPath": "",
            # Images cannot be pulled again: none is ever collected.
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "evictionHard": {"memory.available": "200Mi", "nodefs.available": "300Mi", "imagefs.available": "300Mi"},
            "kubeAPIQPS": 100,
            "kubeAPIBurst": 200,
            "syncFrequency": "20s",
            "volumePluginDir": str(self.layout.state / "volume-plugins"),
        }

    def _proxy_config(self) -> dict[str, object]:
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self.layout.config / "kube-proxy.kubeconfig")},
            "mode": "iptables",
            "clusterCIDR": versions.POD_CIDR,
            "conntrack": {"maxPerCore": 0},
            "iptables": {"minSyncPeriod": "100ms"},
        }

    def _corefile(self) -> str:
        """Names outside the cluster are asked of the machine's own resolvers, where it has any."""
        host = Path("/etc/resolv.conf")
        forwards = host.exists() and any(line.startswith("nameserver") for line in host.read_text().splitlines())
        return f""".:{versions.DNS_PORT} {{
    bind {versions.NODE_ADDRESS}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {self.layout.config / "coredns.kubeconfig"}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }}
    {"forward . /etc/resolv.conf" if forwards else ""}
    cache 5
}}
"""
