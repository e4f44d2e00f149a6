"""An image is built again exactly when something that it is made of has changed."""

from pathlib import Path

import pytest

from tests.cluster.dockerfile import Dockerfile
from tests.cluster.errors import ClusterError
from tests.cluster.images import image_name, name_images
from tests.cluster.paths import Layout

TEXT = """# a comment
ARG BASE_IMAGE=python
FROM ${BASE_IMAGE} AS base
RUN true
FROM base AS tools
RUN false
FROM base AS one
COPY a/file /x/
FROM base AS two
COPY --chown=1:1 b \\
    /y/
COPY --from=tools /tool /tool
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("a/file", "b/deep/file"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    return tmp_path


def keys(context: Path, text: str = TEXT) -> dict[str, str]:
    dockerfile = Dockerfile.parse(text)
    return {target: dockerfile.key(target, context) for target in ("one", "two")}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {target for target in before if before[target] != after[target]}


def test_the_images_are_the_stages_that_nothing_is_built_on() -> None:
    assert Dockerfile.parse(TEXT).targets() == ["one", "two"]


def test_a_changed_file_rebuilds_only_what_copies_it(context: Path) -> None:
    before = keys(context)
    (context / "b/deep/file").write_text("changed")

    assert changed(before, keys(context)) == {"two"}


def test_a_new_file_in_a_copied_folder_rebuilds(context: Path) -> None:
    before = keys(context)
    (context / "b/new").write_text("")

    assert changed(before, keys(context)) == {"two"}


def test_compiled_python_does_not_rebuild(context: Path) -> None:
    before = keys(context)
    (context / "b/__pycache__").mkdir()
    (context / "b/__pycache__/x.pyc").write_text("")

    assert changed(before, keys(context)) == set()


@pytest.mark.parametrize(
    ("change", "rebuilt"),
    [
        (("RUN true", "RUN again"), {"one", "two"}),
        (("RUN false", "RUN again"), {"two"}),
        (("# a comment", "# another"), set()),
        (("ARG BASE_IMAGE=python", "ARG BASE_IMAGE=debian"), {"one", "two"}),
    ],
    ids=["a shared stage", "a stage copied from", "a comment", "the default base"],
)
def test_a_changed_instruction_rebuilds_what_depends_on_it(
    context: Path, change: tuple[str, str], rebuilt: set[str]
) -> None:
    assert changed(keys(context), keys(context, TEXT.replace(*change))) == rebuilt


def test_an_unknown_target_is_refused_with_the_known_ones(context: Path) -> None:
    with pytest.raises(ClusterError, match="no target 'three'; it has base, tools, one, two"):
        Dockerfile.parse(TEXT).key("three", context)


def test_a_copied_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="a/file"):
        Dockerfile.parse(TEXT).key("one", tmp_path)


def test_the_repositorys_dockerfile_can_be_keyed() -> None:
    checkout = Layout.here().checkout
    dockerfile = Dockerfile.parse((checkout / "Dockerfile").read_text())

    assert {"operator", "runtime", "mlflow", "trainer-car-loan"} <= set(dockerfile.targets())
    assert all(dockerfile.key(target, checkout) for target in dockerfile.targets())


def test_images_get_the_names_that_pods_ask_for(tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    index.write_text('{"manifests": [{"annotations": {"org.opencontainers.image.ref.name": "leeboard.dev/a:1"}}]}')

    name_images(index, {"leeboard.dev/a:1": image_name("a")})

    assert '"io.containerd.image.name": "leeboard.dev/a:dev"' in index.read_text()
