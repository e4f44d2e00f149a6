"""Kubernetes and its companions built from Go modules, once for each set of versions.

Built binaries lie in ``<cache>/<key>/bin``; the key is a hash of the versions, the Go release and the flags: one key
for the cluster itself, and one for each addition to it. Each binary is moved there when it is complete, so that an
interrupted build goes on where it stopped, and a lock keeps two callers from building the same.
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
from pathlib import Path
from typing import Final

from tests.cluster import versions
from tests.cluster.builds import BUILDS, PAUSE_SOURCE, Build, go_command
from tests.cluster.command import found, run
from tests.cluster.errors import ClusterError
from tests.cluster.paths import cache_root
from tests.cluster.progress import step

DISK_NEEDED_BYTES: Final = 6_000_000_000
BUILD_TIMEOUT_SECONDS: Final = 3600
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
    """Return the cache key of the cluster's own binaries for one Go release."""
    return _hash([go, versions.KUBERNETES, versions.STAGING_MODULES, PAUSE_SOURCE, *map(_inputs, BUILDS)])


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
        wanted = [build for build in BUILDS if set(names) & set(build.packages)]
        _build_missing(wanted, target)
    return target


def ensure_addition(build: Build) -> Path:
    """Build an addition to the cluster unless it is built, and return the folder of its binaries.

    Raises:
        ClusterError: Go or disk space is missing, or the build failed.
    """
    target = cache_root() / _hash([go_version(), _inputs(build), build.go_mod]) / "bin"
    if _missing(target, tuple(build.packages)):
        target.mkdir(parents=True, exist_ok=True)
        with lock("build"):
            _build_missing([build], target)
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


def _build_missing(builds: Sequence[Build], target: Path) -> None:
    for build in builds:
        if _missing(target, tuple(build.packages)):
            _require_disk(target)
            with step(f"building {build.name} from Go modules (about {build.expected} the first time)"):
                _build(build, target)


def _build(build: Build, target: Path) -> None:
    module = target.parent / build.name.lower()
    module.mkdir(exist_ok=True)
    if build.go_mod:
        (module / "go.mod").write_text(build.go_mod)
    if "." in build.packages.values():
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


def _inputs(build: Build) -> list[object]:
    return [build.packages, build.version, build.ldflags, build.tags]


def _hash(content: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
