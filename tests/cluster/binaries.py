"""Kubernetes and its companions built from Go modules, once for each set of versions.

Built binaries lie in ``<cache>/<key>/bin``; the key is a hash of the versions, the Go release and the flags. Each
binary is moved there when it is complete, so that an interrupted build goes on where it stopped, and a lock keeps two
callers from building the same.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import versions
from tests.cluster.command import found, run
from tests.cluster.errors import ClusterError
from tests.cluster.paths import cache_root
from tests.cluster.progress import step

DISK_NEEDED_BYTES: Final = 6_000_000_000
BUILD_TIMEOUT_SECONDS: Final = 3600
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
    """Set when the packages are installed from their own module at this version; else the Kubernetes go.mod is used."""
    ldflags: str = "-s -w"
    tags: str = ""
    expected: str = ""
    """How long it takes on two cores from nothing, for the person waiting."""


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
        expected="5 min",
    ),
    Build(name="etcd", packages={"etcd": "go.etcd.io/etcd/server/v3"}, expected="20 s"),
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
    Build(name="pause", packages={"pause": "."}, expected="2 s"),
)

ALL: Final = tuple(name for build in BUILDS for name in build.packages)


def go_version() -> str:
    """Return the Go release, for example ``go1.26.8``.

    Raises:
        ClusterError: Go is missing or older than Kubernetes needs.
    """
    needed = ".".join(str(part) for part in versions.GO_MINIMUM)
    if found("go") is None:
        raise ClusterError(f"building a cluster from source needs Go {needed} or later: install it and put it on PATH")
    version = run(["go", "env", "GOVERSION"], env={"GOTOOLCHAIN": "local"}).strip()
    numbers = re.match(r"go(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < versions.GO_MINIMUM:
        raise ClusterError(f"building a cluster from source needs Go {needed} or later; {version} is installed")
    return version


def key(go: str) -> str:
    """Return the cache key of all binaries for one Go release."""
    builds = [[build.packages, build.version, build.ldflags, build.tags] for build in BUILDS]
    content = [go, versions.KUBERNETES, versions.STAGING_MODULES, PAUSE_SOURCE, *builds]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def folder() -> Path:
    """Return the folder that the binaries of these versions lie in, whether they are built or not."""
    return cache_root() / key(go_version()) / "bin"


def ensure(names: Sequence[str] = ALL) -> Path:
    """Build what is missing of the named binaries and return their folder.

    Raises:
        ClusterError: Go or disk space is missing, or a build failed.
    """
    target = folder()
    if not _missing(target, names):
        return target
    target.mkdir(parents=True, exist_ok=True)
    with lock("build"):
        for build in BUILDS:
            if _missing(target, [name for name in build.packages if name in names]):
                _require_disk(target)
                with step(f"building {build.name} from Go modules (about {build.expected} the first time)"):
                    _build(build, target)
    return target


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold a machine-wide lock; it ends with the process that holds it."""
    path = cache_root() / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"waiting for another command that holds {path}"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def go_mod() -> str:
    """Return the go.mod that Kubernetes and etcd are built in."""
    staging = "0." + versions.KUBERNETES.split(".", 1)[1]
    replaced = "".join(f"\tk8s.io/{name} => k8s.io/{name} v{staging}\n" for name in versions.STAGING_MODULES)
    go = ".".join(str(part) for part in versions.GO_MINIMUM)
    return (
        f"module leeboard.dev/cluster\n\ngo {go}.0\n\ngodebug default=go{go}\n\n"
        f"require k8s.io/kubernetes v{versions.KUBERNETES}\n\nreplace (\n{replaced})\n"
    )


def go_command(build: Build, output: Path) -> list[str]:
    """Return the command that puts a build's binaries into ``output``."""
    flags = ["-trimpath", "-ldflags", build.ldflags]
    if build.tags:
        flags += ["-tags", build.tags]
    if build.version:
        return ["go", "install", *flags, *(f"{package}@v{build.version}" for package in build.packages.values())]
    single = len(build.packages) == 1
    place = output / next(iter(build.packages)) if single else output
    return ["go", "build", "-mod=mod", *flags, "-o", f"{place}{'' if single else '/'}", *build.packages.values()]


def _build(build: Build, target: Path) -> None:
    module = target.parent / build.name.lower()
    module.mkdir(exist_ok=True)
    if not build.version:
        pause = build.packages == {"pause": "."}
        (module / "go.mod").write_text("module leeboard.dev/pause\n\ngo 1.26\n" if pause else go_mod())
        if pause:
            (module / "main.go").write_text(PAUSE_SOURCE)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        environment = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOBIN": scratch, "GOWORK": "off"}
        run(go_command(build, Path(scratch)), env=environment, cwd=module, timeout_seconds=BUILD_TIMEOUT_SECONDS)
        for name in build.packages:
            (Path(scratch) / name).replace(target / name)


def _missing(target: Path, names: Sequence[str]) -> list[str]:
    return [name for name in names if not os.access(target / name, os.X_OK)]


def _require_disk(target: Path) -> None:
    free = shutil.disk_usage(target).free
    if free < DISK_NEEDED_BYTES:
        raise ClusterError(
            f"building the cluster needs {DISK_NEEDED_BYTES / 1e9:.0f} GB free under {target}; {free / 1e9:.1f} GB are:"
            " free some, or put the cache elsewhere with XDG_CACHE_HOME"
        )
