"""The daemons of a control plane and their flags: shared by the full cluster and by bare API servers of tests."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import versions
from tests.cluster.certificates import Authority, KeyPair, ensure_signing_key, kubeconfig, write_private
from tests.cluster.processes import Daemon
from tests.cluster.rest import RestClient

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "None",
            "namespaces": ["kube-node-lease"],
            "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}],
        },
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "None"},
    ],
}
"""Every mutating request, with who sent it and what it touched, except the kubelet's heartbeat."""

SERVER_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
    "127.0.0.1",
    versions.SERVICE_ADDRESS,
    versions.NODE_ADDRESS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """Where one control plane lives and what it listens on; builds its daemons."""

    bin: Path
    state: Path
    api_port: int
    etcd_port: int
    etcd_peer_port: int
    bind_address: str = "127.0.0.1"
    advertise_address: str = "127.0.0.1"
    audit_log: Path | None = None
    controllers: bool = True
    """Whether a controller manager makes service accounts and their tokens; without it, pods need none."""
    kubelets: bool = False

    @property
    def server(self) -> str:
        """The API server's URL from this machine."""
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def authority(self) -> Authority:
        """The authority that signs everything in this cluster."""
        return Authority(self.state / "pki")

    @property
    def config(self) -> Path:
        """The folder of written configuration."""
        return self.state / "config"

    def client(self) -> RestClient:
        """Return a client with the administrator's rights."""
        pair = self.authority.issue("admin", "leeboard-admin", groups=["system:masters"])
        return RestClient(self.server, self.authority.pair.certificate, pair)

    def prepare(self) -> None:
        """Write certificates and configuration unless they exist."""
        for folder in (self.state, self.config, self.authority.folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.authority.ensure()
        Authority(self.authority.folder, "front-proxy-ca").ensure()
        ensure_signing_key(self.authority.folder)
        (self.config / "audit.json").write_text(json.dumps(AUDIT_POLICY, indent=1))

    def kubeconfig_for(self, name: str, user: str, *, groups: tuple[str, ...] = ()) -> Path:
        """Write a component's kubeconfig and return its path."""
        pair = self.authority.issue(name, user, groups=groups)
        text = kubeconfig(self.server, authority=self.authority.pair.certificate, pair=pair)
        path = self.config / f"{name}.kubeconfig"
        return path if path.exists() and path.read_text() == text else write_private(path, text)

    def etcd(self) -> Daemon:
        """Build etcd: data is thrown away with the cluster, so nothing is synced to disk."""
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer_port}"
        flags = {
            "name": "leeboard",
            "data-dir": str(self.state / "etcd"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"leeboard={peer}",
            "quota-backend-bytes": str(4 * 1024**3),
            "log-level": "warn",
            "unsafe-no-fsync": "true",
        }
        return Daemon(name="etcd", argv=_command(self.bin / "etcd", flags))

    def api_server(self) -> Daemon:
        """Build kube-apiserver."""
        pki = self.authority.folder
        flags = {
            "etcd-servers": f"http://127.0.0.1:{self.etcd_port}",
            "bind-address": self.bind_address,
            "advertise-address": self.advertise_address,
            "secure-port": str(self.api_port),
            "service-cluster-ip-range": versions.SERVICE_CIDR,
            "client-ca-file": str(self.authority.pair.certificate),
            "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
            "service-account-key-file": str(pki / "service-accounts.pub"),
            "service-account-signing-key-file": str(pki / "service-accounts.key"),
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
            **_serving(self.authority.issue("api-server", "kube-apiserver", hosts=SERVER_NAMES)),
            **self._aggregation_flags(),
            **(self._kubelet_flags() if self.kubelets else {"endpoint-reconciler-type": "none"}),
            **(self._audit_flags(self.audit_log) if self.audit_log else {}),
        }
        if not self.controllers:
            flags["disable-admission-plugins"] = "ServiceAccount"
        return Daemon(
            name="kube-apiserver",
            argv=_command(self.bin / "kube-apiserver", flags),
            inputs=(self.config / "audit.json",),
        )

    def controller_manager(self) -> Daemon:
        """Build kube-controller-manager."""
        pki = self.authority.folder
        flags = {
            "kubeconfig": str(self.kubeconfig_for("controller-manager", "system:kube-controller-manager")),
            "leader-elect": "false",
            "use-service-account-credentials": "true",
            "root-ca-file": str(self.authority.pair.certificate),
            "service-account-private-key-file": str(pki / "service-accounts.key"),
            "cluster-signing-cert-file": str(self.authority.pair.certificate),
            "cluster-signing-key-file": str(self.authority.pair.key),
            "bind-address": "127.0.0.1",
            "secure-port": "10257" if self.kubelets else "0",
            "kube-api-qps": "200",
            "kube-api-burst": "400",
            "concurrent-job-syncs": "10",
        }
        return Daemon(name="kube-controller-manager", argv=_command(self.bin / "kube-controller-manager", flags))

    def scheduler(self) -> Daemon:
        """Build kube-scheduler."""
        flags = {
            "kubeconfig": str(self.kubeconfig_for("scheduler", "system:kube-scheduler")),
            "leader-elect": "false",
            "bind-address": "127.0.0.1",
            "kube-api-qps": "200",
            "kube-api-burst": "400",
        }
        return Daemon(name="kube-scheduler", argv=_command(self.bin / "kube-scheduler", flags))

    def _aggregation_flags(self) -> dict[str, str]:
        authority = Authority(self.authority.folder, "front-proxy-ca")
        pair = authority.issue("front-proxy", "front-proxy-client")
        return {
            "requestheader-client-ca-file": str(authority.pair.certificate),
            "requestheader-allowed-names": "front-proxy-client",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": str(pair.certificate),
            "proxy-client-key-file": str(pair.key),
        }

    def _kubelet_flags(self) -> dict[str, str]:
        pair = self.authority.issue("api-server-to-kubelet", "kube-apiserver-kubelet", groups=["system:masters"])
        return {
            "kubelet-client-certificate": str(pair.certificate),
            "kubelet-client-key": str(pair.key),
            "kubelet-certificate-authority": str(self.authority.pair.certificate),
            "kubelet-preferred-address-types": "InternalIP",
        }

    def _audit_flags(self, log: Path) -> dict[str, str]:
        return {
            "audit-policy-file": str(self.config / "audit.json"),
            "audit-log-path": str(log),
            "audit-log-maxsize": "200",
            "audit-log-maxbackup": "2",
        }


def _serving(pair: KeyPair) -> dict[str, str]:
    return {"tls-cert-file": str(pair.certificate), "tls-private-key-file": str(pair.key)}


def _command(program: Path, flags: dict[str, str]) -> tuple[str, ...]:
    return (str(program), *(f"--{name}={value}" for name, value in flags.items()))
