"""What is built, from what, and where the base image's packages come from."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cluster import binaries, builds, versions
from tests.cluster.base_image import package_mirror
from tests.cluster.buildah import Buildah
from tests.cluster.errors import ClusterError
from tests.cluster.scratch_image import ScratchImage

DEB822 = "Types: deb\nURIs: http://first.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
BUILDS = {build.name: build for build in builds.BUILDS}


def test_every_staging_module_is_replaced_by_its_published_version() -> None:
    text = builds.kubernetes_go_mod()

    staging = versions.KUBERNETES.replace("1.", "0.", 1)
    assert f"require k8s.io/kubernetes v{versions.KUBERNETES}\n" in text
    assert f"\tk8s.io/client-go => k8s.io/client-go v{staging}\n" in text
    assert text.count(" => ") == len(versions.STAGING_MODULES)


def test_kubernetes_is_one_build_so_that_its_parts_share_what_is_compiled() -> None:
    command = builds.go_command(BUILDS["Kubernetes"], Path("/out"))

    assert command[:3] == ["go", "build", "-mod=mod"]
    assert command[command.index("-o") + 1] == "/out/"
    assert sum(word.startswith("k8s.io/kubernetes/cmd/") for word in command) == 6


def test_other_modules_are_installed_at_their_version() -> None:
    command = builds.go_command(BUILDS["containerd"], Path("/out"))

    assert command[:2] == ["go", "install"]
    assert command[command.index("-tags") + 1] == "no_btrfs,no_devmapper,no_zfs"
    assert command[-1] == f"github.com/containerd/containerd/v2/cmd/ctr@v{versions.CONTAINERD}"


def test_another_go_release_or_version_has_another_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    before = binaries.key("go1.26.8")
    keys = [before, binaries.key("go1.26.9")]
    monkeypatch.setattr(versions, "KUBERNETES", "1.36.4")

    assert len({*keys, binaries.key("go1.26.8")}) == 3


def test_a_machine_without_go_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "found", lambda _: None)

    with pytest.raises(ClusterError, match=r"needs Go 1\.26 or later: install it"):
        binaries.go_version()


def test_an_older_go_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "found", lambda _: "/bin/go")
    monkeypatch.setattr(binaries, "run", lambda *_, **__: "go1.25.3\n")

    with pytest.raises(ClusterError, match=r"go1\.25\.3 is installed"):
        binaries.go_version()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sources.list", "deb http://first.example/debian bookworm main\n"),
        ("sources.list", "deb [signed-by=/k] http://first.example/debian bookworm main contrib\n"),
        (
            "sources.list.d/debian.sources",
            "Types: deb\nURIs: http://s.example\nSuites: bookworm-security\nComponents: main\n\n" + DEB822,
        ),
        (
            "sources.list.d/other.list",
            "deb https://other.example/apt bookworm stable\ndeb http://first.example/debian bookworm main\n",
        ),
    ],
    ids=["one line", "with options", "deb822", "beside another vendor's"],
)
def test_the_mirror_is_the_one_that_apt_uses(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)

    assert package_mirror("bookworm", tmp_path) == "http://first.example/debian"


def test_a_machine_without_apt_leaves_the_mirror_to_debootstrap(tmp_path: Path) -> None:
    assert package_mirror("bookworm", tmp_path) is None


def test_a_build_mounts_what_pip_needs_instead_of_copying_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    command = Buildah(tmp_path).build_command("operator", ["a:1"], context=tmp_path, base="base:1", scratch=tmp_path)

    assert f"--volume={tmp_path}/pip.conf:/etc/pip.conf:ro" in command
    assert "--build-arg=BASE_IMAGE=base:1" in command
    assert "--isolation=chroot" in command


def test_an_image_from_scratch_holds_its_files_and_starts_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "built").write_bytes(b"binary")
    files = {"/usr/local/bin/server": tmp_path / "built", "/lib64/loader": tmp_path / "built"}
    image = ScratchImage(name="server:dev", files=files, entrypoint=("/usr/local/bin/server",))

    image.write(tmp_path / "image.tar")

    with tarfile.open(tmp_path / "image.tar") as archive:
        found = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    manifest, config = json.loads(found["manifest.json"])[0], json.loads(found["config.json"])
    assert manifest == {"Config": "config.json", "RepoTags": ["server:dev"], "Layers": ["layer.tar"]}
    assert config["config"]["Entrypoint"] == ["/usr/local/bin/server"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(found['layer.tar']).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(found["layer.tar"])) as layer:
        members = {member.name: (member.size, member.mode) for member in layer.getmembers()}
    assert members == {"lib64/loader": (6, 0o755), "usr/local/bin/server": (6, 0o755)}


def test_an_addition_has_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    commands: list[list[str]] = []

    def build(command: list[str], *, env: Mapping[str, str] | None = None, **_: object) -> str:
        if command[:2] == ["go", "env"]:
            return "go1.26.8\n"
        commands.append(command)
        (Path((env or {})["GOBIN"]) / "contour").touch(mode=0o755)
        return ""

    monkeypatch.setattr(binaries, "run", build)
    before = binaries.folder()

    folder = binaries.ensure_addition(builds.CONTOUR)

    assert (binaries.ensure_addition(builds.CONTOUR) / "contour").exists()
    assert [command[-1] for command in commands] == [
        f"github.com/projectcontour/contour/cmd/contour@v{versions.CONTOUR}"
    ]
    assert binaries.folder() == before != folder
