"""The first way: a cluster that is already there, named by LEEBOARD_KUBECONFIG."""

import os
from pathlib import Path
from typing import Final

from tests.cluster.certificates import write_private
from tests.cluster.command import found, run
from tests.cluster.errors import ClusterError
from tests.cluster.paths import Layout

VARIABLE: Final = "LEEBOARD_KUBECONFIG"


def up(layout: Layout) -> None:
    """Check that the cluster answers, and copy its kubeconfig to where everything looks for it."""
    source = _source()
    kubectl = found("kubectl")
    if kubectl is None:
        raise ClusterError(f"{VARIABLE} is set, but kubectl is not on PATH: install it")
    run([kubectl, "--kubeconfig", source, "get", "--raw", "/readyz"], timeout_seconds=30)
    flat = run([kubectl, "--kubeconfig", source, "config", "view", "--raw", "--flatten", "--minify"])
    write_private(layout.kubeconfig, flat)


def down(layout: Layout) -> None:
    """Forget the cluster; it belongs to somebody else and goes on."""
    layout.kubeconfig.unlink(missing_ok=True)


def status(layout: Layout) -> dict[str, str]:
    """Say which cluster is used."""
    return {"cluster": f"existing, {_source()}", "kubeconfig": "written" if layout.kubeconfig.exists() else "none"}


def _source() -> Path:
    source = Path(os.environ.get(VARIABLE, ""))
    if not source.is_file():
        raise ClusterError(f"{VARIABLE} names {source}, which is no file")
    return source
