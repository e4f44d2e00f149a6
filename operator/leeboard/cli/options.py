"""Options that many commands share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Target:
    """Which API server, as whom, and which namespace; None: as the kubeconfig says."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: Path | None = None


NamespaceOption = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace; that of the context by default.", metavar="NAME")
]
ContextOption = Annotated[str | None, typer.Option("--context", help="Context of the kubeconfig.", metavar="NAME")]
KubeconfigOption = Annotated[
    Path | None, typer.Option("--kubeconfig", help="Kubeconfig; $KUBECONFIG or ~/.kube/config by default.")
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print it.")]
ServiceArgument = Annotated[str, typer.Argument(help="Name of the InferenceService.", metavar="SERVICE")]
