"""What is built from Go modules: the commands' inputs, and the go.mod that Kubernetes and etcd share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import versions

_VERSION: Final = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = versions.KUBERNETES.split(".")

_HELM_CAPABILITIES: Final = tuple(
    (package, f"{part}={value}")
    for package in ("pkg/chartutil", "pkg/lint/rules")
    for part, value in (("Major", _MAJOR), ("Minor", _MINOR))
)
"""The Kubernetes version that Helm assumes where it asks no cluster: 1.20 unless its build says otherwise."""

PAUSE_SOURCE: Final = """package main

import (
	"os"
	"os/signal"
	"syscall"
)

// pause holds a pod's namespaces open and reaps what its containers orphan.
func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			os.Exit(0)
		}
		for {
			if pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 {
				break
			}
		}
	}
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Binaries that one go command makes; ``packages`` maps each binary to its main package."""

    name: str
    packages: dict[str, str]
    version: str = ""
    """Of the module that the packages are installed from."""
    go_mod: str = ""
    """A go.mod of ours to build in instead: where a module replaces others, it cannot be installed as it is."""
    ldflags: str = "-s -w"
    tags: str = ""
    expected: str = ""
    """How long it takes on two cores from nothing, for the person waiting."""


def kubernetes_go_mod() -> str:
    """Return the go.mod that Kubernetes and etcd are built in."""
    staging = "0." + versions.KUBERNETES.split(".", 1)[1]
    replaced = "".join(f"\tk8s.io/{name} => k8s.io/{name} v{staging}\n" for name in versions.STAGING_MODULES)
    return f"{_go_mod('cluster')}require k8s.io/kubernetes v{versions.KUBERNETES}\n\nreplace (\n{replaced})\n"


def _go_mod(name: str) -> str:
    go = ".".join(str(part) for part in versions.GO_MINIMUM)
    return f"module leeboard.dev/{name}\n\ngo {go}.0\n\ngodebug default=go{go}\n\n"


BUILDS: Final = (
    Build(
        name="Kubernetes",
        packages={
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in (
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kubelet",
                "kube-proxy",
                "kubectl",
            )
        },
        ldflags=(
            f"-s -w -X {_VERSION}.gitVersion=v{versions.KUBERNETES} -X {_VERSION}.gitMajor={_MAJOR}"
            f" -X {_VERSION}.gitMinor={_MINOR} -X {_VERSION}.gitTreeState=archive"
            f" -X {_VERSION}.gitCommit={'0' * 40}"
        ),
        go_mod=kubernetes_go_mod(),
        expected="5 min",
    ),
    Build(
        name="etcd",
        packages={"etcd": "go.etcd.io/etcd/server/v3"},
        go_mod=kubernetes_go_mod(),
        expected="20 s",
    ),
    Build(
        name="containerd",
        packages={
            name: f"github.com/containerd/containerd/v2/cmd/{name}"
            for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        },
        version=versions.CONTAINERD,
        tags="no_btrfs,no_devmapper,no_zfs",
        ldflags=f"-s -w -X github.com/containerd/containerd/v2/version.Version={versions.CONTAINERD}",
        expected="1 min",
    ),
    Build(
        name="kwok",
        packages={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        version=versions.KWOK,
        ldflags=f"-s -w -X sigs.k8s.io/kwok/pkg/consts.Version={versions.KWOK}",
        expected="1 min",
    ),
    Build(
        name="Helm",
        packages={"helm": "helm.sh/helm/v3/cmd/helm"},
        version=versions.HELM,
        ldflags=" ".join(
            (
                f"-s -w -X helm.sh/helm/v3/internal/version.version=v{versions.HELM}",
                *(f"-X helm.sh/helm/v3/{where}.k8sVersion{part}" for where, part in _HELM_CAPABILITIES),
            )
        ),
        expected="1 min",
    ),
    Build(
        name="CoreDNS",
        packages={"coredns": "github.com/coredns/coredns"},
        version=versions.COREDNS,
        expected="2 min",
    ),
    Build(name="pause", packages={"pause": "."}, go_mod="module leeboard.dev/pause\n\ngo 1.26\n", expected="2 s"),
)

CONTOUR: Final = Build(
    name="Contour",
    packages={"contour": "github.com/projectcontour/contour/cmd/contour"},
    version=versions.CONTOUR,
    expected="2 min",
)
METRICS_SERVER: Final = Build(
    name="metrics-server",
    packages={"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
    version=versions.METRICS_SERVER,
    expected="2 min",
)
PROMETHEUS: Final = Build(
    name="Prometheus",
    packages={"prometheus": "github.com/prometheus/prometheus/cmd/prometheus"},
    go_mod=f"{_go_mod('prometheus')}require github.com/prometheus/prometheus v{versions.PROMETHEUS}\n",
    tags="remove_all_sd,enable_kubernetes_sd",
    expected="2 min",
)
ADDITIONS: Final = (CONTOUR, METRICS_SERVER, PROMETHEUS)
"""What a cluster runs where a test asks for it; each has a folder of its own, so that one more rebuilds nothing."""


def go_command(build: Build, output: Path) -> list[str]:
    """Return the command that puts a build's binaries into ``output``."""
    flags = ["-trimpath", "-ldflags", build.ldflags]
    if build.tags:
        flags += ["-tags", build.tags]
    if not build.go_mod:
        return ["go", "install", *flags, *(f"{package}@v{build.version}" for package in build.packages.values())]
    single = len(build.packages) == 1
    place = output / next(iter(build.packages)) if single else output
    return ["go", "build", "-mod=mod", *flags, "-o", f"{place}{'' if single else '/'}", *build.packages.values()]
