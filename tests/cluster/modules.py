"""Files out of Go modules: manifests that a project publishes beside its source."""

import json
import os
from pathlib import Path

from tests.cluster.command import run


def folder(module: str, version: str) -> Path:
    """Return the folder of a module's files in Go's own cache; it is downloaded unless it is there.

    Raises:
        ClusterError: Go is missing, or the module cannot be had.
    """
    command = ["go", "mod", "download", "-json", f"{module}@v{version}"]
    # Run outside any module: a go.mod around would have its say about versions.
    described = run(command, env={"GOWORK": "off", "GOFLAGS": "-mod=mod"}, cwd=Path(os.sep))
    return Path(json.loads(described)["Dir"])
