"""Building images without Docker: buildah with chroot isolation and overlay storage, kept in the cache."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import base_image, leftovers, versions
from tests.cluster.command import run, succeeds
from tests.cluster.paths import cache_root
from tests.cluster.pip_settings import PipSettings
from tests.cluster.progress import step

PIP_CACHE_IN_BUILD: Final = "/var/cache/leeboard-pip"
BUILD_TIMEOUT_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Buildah:
    """A store of images and build layers that outlives checkouts."""

    storage: Path

    @classmethod
    def in_cache(cls) -> "Buildah":
        """Return the store in the cache folder."""
        return cls(cache_root() / "buildah")

    def has(self, image: str) -> bool:
        """Tell whether an image of this name is in the store."""
        return succeeds(self._command("inspect", "--type", "image", image))

    def ensure_base(self) -> str:
        """Make the base image unless it is there, and return its name."""
        image = f"{versions.BASE_IMAGE}-{base_image.key()}"
        if not self.has(image):
            archive = base_image.ensure_archive()
            with step("importing the base image"), tempfile.TemporaryDirectory(dir=cache_root()) as scratch:
                container = run(self._command("from", "--name", "leeboard-base", "scratch")).strip()
                try:
                    run(self._command("add", "--quiet", container, str(archive), "/"))
                    run(self._command("config", "--cmd", "python3", container))
                    run(self._command("commit", "--quiet", container, image), env={"TMPDIR": scratch})
                finally:
                    run(self._command("rm", container))
        return image

    def build(self, target: str, tags: list[str], *, context: Path, base: str) -> None:
        """Build one target of the Dockerfile in ``context``."""
        with tempfile.TemporaryDirectory(dir=cache_root()) as scratch:
            command = self.build_command(target, tags, context=context, base=base, scratch=Path(scratch))
            run(command, env={"TMPDIR": scratch}, timeout_seconds=BUILD_TIMEOUT_SECONDS)

    def build_command(self, target: str, tags: list[str], *, context: Path, base: str, scratch: Path) -> list[str]:
        """Return the build command; what this machine's pip needs is mounted, not copied."""
        settings = PipSettings.of_host()
        config = scratch / "pip.conf"
        config.write_text(settings.config())
        wheels = cache_root() / "pip"
        wheels.mkdir(parents=True, exist_ok=True)
        volumes = [
            f"{wheels}:{PIP_CACHE_IN_BUILD}:rw",
            *(f"{here}:{there}:ro" for here, there in settings.mounts(config)),
        ]
        arguments = {"BASE_IMAGE": base, "PIP_OPTIONS": f"--cache-dir={PIP_CACHE_IN_BUILD}"}
        return self._command(
            "bud",
            "--isolation=chroot",
            "--layers",
            "--pull-never",
            "--format=oci",
            *(f"--volume={volume}" for volume in volumes),
            *(f"--build-arg={name}={value}" for name, value in arguments.items()),
            f"--target={target}",
            *(f"--tag={tag}" for tag in tags),
            f"--file={context / 'Dockerfile'}",
            str(context),
        )

    def remove(self, image: str) -> None:
        """Remove a name; layers that other images use stay."""
        run(self._command("rmi", image))

    def tags(self, repository: str) -> list[str]:
        """Return the names of all images of a repository in the store."""
        listing = run(self._command("images", "--format", "{{.Name}}:{{.Tag}}"))
        return [name for name in listing.split() if name.rpartition(":")[0] == repository]

    def export(self, image: str, layout: Path) -> None:
        """Add an image to an OCI layout; layers that are there already are shared."""
        fast = ("--compression-format", "zstd", "--compression-level", "1")
        run(self._command("push", "--quiet", *fast, image, f"oci:{layout}:{image}"))

    def unmount(self) -> None:
        """Take away the mount that the store leaves behind."""
        for place in leftovers.mounts_below(self.storage):
            succeeds(["umount", place])

    def _command(self, *words: str) -> list[str]:
        store = ["--root", str(self.storage / "root"), "--runroot", str(self.storage / "run")]
        return ["buildah", *store, "--storage-driver", "overlay", *words]
