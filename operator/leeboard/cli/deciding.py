"""``leeboard approve`` and ``leeboard reject``: a person's word on a version, on the evidence that the person saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leeboard.api.names import Kind
from leeboard.cli.exits import Failure
from leeboard.cli.options import ContextOption, KubeconfigOption, NamespaceOption, Target
from leeboard.cli.session import connected

if TYPE_CHECKING:
    from leeboard.api.resource import Manifest
    from leeboard.cli.connection import Connection

State = Literal["Approved", "Rejected"]
VersionArgument = Annotated[str, typer.Argument(help="Name of the ModelVersion.", metavar="MODELVERSION")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in a sentence; it is kept.")]
EvidenceOption = Annotated[
    str,
    typer.Option(
        "--evidence",
        metavar="DIGEST",
        help="status.evidenceDigest that was looked at; refused when more is known by now.",
    ),
]


def approve(
    version: VersionArgument,
    *,
    reason: ReasonOption = "",
    evidence: EvidenceOption = "",
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Let a version serve."""
    _decide(version, "Approved", reason, seen=evidence, target=Target(namespace, context, kubeconfig))


def reject(
    version: VersionArgument,
    *,
    reason: ReasonOption = "",
    evidence: EvidenceOption = "",
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Keep a version from serving, also one that was approved before."""
    _decide(version, "Rejected", reason, seen=evidence, target=Target(namespace, context, kubeconfig))


def _decide(version: str, state: State, reason: str, *, seen: str, target: Target) -> None:
    async def decide(connection: Connection) -> str:
        person = await connection.username()
        manifest = await connection.get(Kind.MODEL_VERSION, version)
        operations = deciding(manifest, state, by=person, reason=reason, seen=seen)
        await connection.patch(Kind.MODEL_VERSION, version, operations)
        return person

    person = connected(target, decide)
    typer.echo(f"{version}: {state} by {person}")


def deciding(manifest: Manifest, state: State, *, by: str, reason: str, seen: str) -> list[Manifest]:
    """The JSON patch, which conflicts when the version is no longer what was read. Raises Failure without evidence."""
    metadata = manifest["metadata"]
    evidence = (manifest.get("status") or {}).get("evidenceDigest")
    name = metadata["name"]
    if evidence is None:
        raise Failure(f"nothing is known of {name} yet: leeboard get modelversions shows what it waits for")
    if seen and seen != evidence:
        raise Failure(f"more is known of {name} by now: its evidence is {evidence}; look again")
    decision = {"state": state, "by": by, "reason": reason, "evidenceDigest": evidence}
    return [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "add", "path": "/spec/decision", "value": decision},
    ]
