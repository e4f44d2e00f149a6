"""The second way: kind, where a Docker engine runs. See kind-config.yaml in the repository's root."""

import shutil
from pathlib import Path
from typing import Final

from tests.cluster import versions
from tests.cluster.certificates import write_private
from tests.cluster.command import found, run, succeeds
from tests.cluster.errors import ClusterError
from tests.cluster.paths import Layout
from tests.cluster.progress import step

NAME: Final = "leeboard"
NODE_IMAGE: Final = f"kindest/node:v{versions.KUBERNETES}"


def docker_runs() -> bool:
    """Tell whether a Docker engine answers (the client alone is not enough)."""
    return found("docker") is not None and succeeds(["docker", "info", "--format", "{{.ServerVersion}}"])


def up(layout: Layout) -> None:
    """Create the cluster unless it exists, and write its kubeconfig."""
    _require()
    if NAME not in run(["kind", "get", "clusters"]).split():
        layout.state.mkdir(parents=True, exist_ok=True)
        with step("creating a kind cluster"):
            run(create_command(layout), timeout_seconds=900)
    write_private(layout.kubeconfig, run(["kind", "get", "kubeconfig", "--name", NAME]))


def down(layout: Layout) -> None:
    """Delete the cluster."""
    _require()
    run(["kind", "delete", "cluster", "--name", NAME])
    shutil.rmtree(layout.state, ignore_errors=True)


def status(layout: Layout) -> dict[str, str]:
    """Say whether the cluster exists."""
    _require()
    exists = NAME in run(["kind", "get", "clusters"]).split()
    return {"cluster": "kind, created" if exists else "kind, none", "kubeconfig": str(layout.kubeconfig)}


def create_command(layout: Layout) -> list[str]:
    """Return the command that creates the cluster."""
    config = layout.checkout / "kind-config.yaml"
    return [
        "kind",
        "create",
        "cluster",
        "--name",
        NAME,
        "--image",
        NODE_IMAGE,
        "--config",
        str(config),
        "--wait",
        "180s",
    ]


def load_command(image: str) -> list[str]:
    """Return the command that copies an image from the Docker engine into the cluster."""
    return ["kind", "load", "docker-image", image, "--name", NAME]


def build_command(target: str, tag: str, *, checkout: Path) -> list[str]:
    """Return the command that builds a Dockerfile target with Docker."""
    base = f"BASE_IMAGE={versions.DOCKER_BASE_IMAGE}"
    return ["docker", "build", "--target", target, "--tag", tag, "--build-arg", base, str(checkout)]


def _require() -> None:
    if not docker_runs():
        raise ClusterError(
            "kind needs a running Docker engine, and none answers: start it, or leave LEEBOARD_CLUSTER unset"
        )
    if found("kind") is None:
        raise ClusterError("a Docker engine runs but kind is not on PATH: go install sigs.k8s.io/kind@latest")
