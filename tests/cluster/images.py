"""The Dockerfile's targets as images of the cluster: built when what they are made of has changed, and loaded."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import base_image, binaries, kind, packages
from tests.cluster.buildah import Buildah
from tests.cluster.command import run
from tests.cluster.containerd import Containerd
from tests.cluster.dockerfile import Dockerfile
from tests.cluster.errors import ClusterError
from tests.cluster.paths import Layout
from tests.cluster.progress import say, step

REPOSITORY: Final = "leeboard.dev"
ON_DEMAND: Final = frozenset({"seldon"})
"""Targets with libraries of their own, built only where a test or a person asks for them by name."""
CONTAINERD_NAME: Final = "io.containerd.image.name"


def image_name(target: str) -> str:
    """Return the name of the image that a Dockerfile target becomes."""
    return f"{REPOSITORY}/{target}:dev"


@dataclass(frozen=True, slots=True)
class Images:
    """Builds and loads the images of one checkout; ``way`` is how its cluster is had."""

    layout: Layout
    way: str

    def ensure(self, targets: Sequence[str] = ()) -> list[str]:
        """Build and load the targets (by default all but those on demand) and return the images' names."""
        dockerfile = Dockerfile.parse((self.layout.checkout / "Dockerfile").read_text())
        chosen = targets or [target for target in dockerfile.targets() if target not in ON_DEMAND]
        keys = {target: dockerfile.key(target, self.layout.checkout) for target in chosen}
        with binaries.lock("images"):
            match self.way:
                case "source":
                    self._for_containerd(keys)
                case "kind":
                    self._for_kind(keys)
                case _:
                    self._for_a_registry(keys)
        return [image_name(target) for target in keys]

    def _for_containerd(self, keys: dict[str, str]) -> None:
        packages.ensure_image_programs()
        store = Buildah.in_cache()
        try:
            for target, key in keys.items():
                self._build(store, target, f"{key}-{base_image.key()[:6]}")
            self._load(store, {target: f"{key}-{base_image.key()[:6]}" for target, key in keys.items()})
        finally:
            store.unmount()

    def _build(self, store: Buildah, target: str, key: str) -> None:
        keyed = f"{REPOSITORY}/{target}:{key}"
        if store.has(keyed):
            return
        base = store.ensure_base()
        with step(f"building the image {target}"):
            store.build(target, [keyed], context=self.layout.checkout, base=base)
        for former in store.tags(f"{REPOSITORY}/{target}"):
            if former != keyed:
                store.remove(former)

    def _load(self, store: Buildah, keys: dict[str, str]) -> None:
        containerd = Containerd(binaries.folder())
        present, loaded = containerd.names(), self._loaded()
        stale = {
            target: key
            for target, key in keys.items()
            if loaded.get(target) != key or image_name(target) not in present
        }
        if not stale:
            return
        with step(f"loading {', '.join(stale)}"), tempfile.TemporaryDirectory(dir=self.layout.state) as scratch:
            layout = Path(scratch)
            for target, key in stale.items():
                store.export(f"{REPOSITORY}/{target}:{key}", layout)
            name_images(layout / "index.json", {f"{REPOSITORY}/{t}:{key}": image_name(t) for t, key in stale.items()})
            containerd.load_layout(layout)
        self._record({**loaded, **stale})

    def _for_kind(self, keys: dict[str, str]) -> None:
        loaded = self._loaded()
        for target, key in keys.items():
            if loaded.get(target) == key:
                continue
            with step(f"building and loading the image {target}"):
                name = image_name(target)
                run(kind.build_command(target, name, checkout=self.layout.checkout), timeout_seconds=3600)
                run(kind.load_command(name), timeout_seconds=900)
            self._record({**self._loaded(), target: key})

    def _for_a_registry(self, keys: dict[str, str]) -> None:
        """Build for an existing cluster; how its nodes get images is known only to whoever runs it."""
        if not kind.docker_runs():
            raise ClusterError(
                "building images for an existing cluster needs a running Docker engine, and none answers"
            )
        for target in keys:
            with step(f"building the image {target}"):
                command = kind.build_command(target, image_name(target), checkout=self.layout.checkout)
                run(command, timeout_seconds=3600)
        say("push these to a registry that the cluster reaches, and name them in the chart's values:")

    def _loaded(self) -> dict[str, str]:
        """Return the keys of what was loaded into this cluster; the record goes with the cluster's state."""
        try:
            record = json.loads(self._record_file.read_text())
            return {str(target): str(key) for target, key in record.items()}
        except (FileNotFoundError, ValueError):
            return {}

    def _record(self, loaded: dict[str, str]) -> None:
        self._record_file.write_text(json.dumps(loaded, indent=1))

    @property
    def _record_file(self) -> Path:
        return self.layout.state / "images.json"


def name_images(index: Path, names: dict[str, str]) -> None:
    """Give the images of an OCI layout, known by their reference, the names that containerd shall list them under."""
    content = json.loads(index.read_text())
    for manifest in content["manifests"]:
        annotations = manifest["annotations"]
        annotations[CONTAINERD_NAME] = names[annotations["org.opencontainers.image.ref.name"]]
    index.write_text(json.dumps(content))
