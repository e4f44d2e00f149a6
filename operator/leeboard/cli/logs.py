"""``leeboard logs``: the pods of a service or of a training, without knowing their names."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from leeboard.api.names import Kind, Label
from leeboard.cli.exits import Exit, Failure
from leeboard.cli.options import ContextOption, KubeconfigOption, NamespaceOption, Target
from leeboard.cli.session import connected

if TYPE_CHECKING:
    from leeboard.api.resource import Manifest
    from leeboard.cli.connection import Connection

KINDS = (Kind.INFERENCE_SERVICE, Kind.TRAINING_JOB)
SECONDS = 20.0
FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which logs: ``name`` may say its kind, as in ``trainingjob/loans``."""

    name: str
    version: str | None
    container: str | None
    tail: int
    follow: bool


def logs(
    name: Annotated[
        str, typer.Argument(metavar="SERVICE|TRAININGJOB", help="Its name, or KIND/NAME where both kinds have one.")
    ],
    *,
    version: Annotated[str | None, typer.Option("--version", help="Pods of this version of the model only.")] = None,
    container: Annotated[str | None, typer.Option("--container", "-c", help="The first one by default.")] = None,
    tail: Annotated[int, typer.Option("--tail", min=1, help="Last lines of each pod.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Print what the pods of a service or of a training say; each line after its pod's name where there are several."""
    wanted = Wanted(name, version, container, tail, follow)
    with contextlib.suppress(KeyboardInterrupt):
        connected(Target(namespace, context, kubeconfig), lambda connection: _logs(connection, wanted))


async def _logs(connection: Connection, wanted: Wanted) -> None:
    from leeboard.cli.connection import POD  # noqa: PLC0415 - see session.py

    owner = await _owner(connection, wanted.name)
    selector = f"{Label.UID}={owner['metadata']['uid']}"
    if wanted.version:
        model = (owner["spec"].get("model") or {}) if owner["kind"] == Kind.INFERENCE_SERVICE else None
        if model is None:
            raise Failure("--version chooses among the pods of a service, a training has none", Exit.USAGE)
        selector += f",{Label.MODEL_VERSION}={model['name']}-v{wanted.version}"
    pods = sorted(await connection.items(POD, selector=selector), key=lambda pod: pod["metadata"]["name"])
    if not pods:
        which = f"version {wanted.version} of {wanted.name}" if wanted.version else wanted.name
        raise Failure(f"{which} has no pods: leeboard get {owner['metadata']['name']} says why")
    await asyncio.gather(*(_print(connection, pod, wanted, is_named=len(pods) > 1) for pod in pods))


async def _owner(connection: Connection, name: str) -> Manifest:
    said, _, plain = name.rpartition("/")
    kinds = [kind for kind in KINDS if said.lower() in {"", kind.value.lower(), kind.plural}]
    if not kinds:
        raise Failure(f"{said} has no pods; one of {', '.join(kind.value.lower() for kind in KINDS)}", Exit.USAGE)
    found = [manifest for kind in kinds if (manifest := await connection.find(kind, plain)) is not None]
    if len(found) > 1:
        ways = " or ".join(f"{kind.value.lower()}/{plain}" for kind in kinds)
        raise Failure(f"{plain} is a service and a training: leeboard logs {ways}", Exit.USAGE)
    if not found:
        what = " or ".join(kind.value for kind in kinds)
        raise Failure(f"no {what} {plain} in namespace {connection.namespace}: leeboard get -A")
    return found[0]


async def _print(connection: Connection, pod: Manifest, wanted: Wanted, *, is_named: bool) -> None:
    from leeboard.adapters.kubernetes.client import Request, Verb  # noqa: PLC0415 - see session.py
    from leeboard.cli.connection import POD  # noqa: PLC0415 - see session.py
    from leeboard.errors import RejectedError  # noqa: PLC0415 - see session.py

    name = pod["metadata"]["name"]
    container = wanted.container or pod["spec"]["containers"][0]["name"]
    query = {"container": container, "tailLines": str(wanted.tail)} | ({"follow": "true"} if wanted.follow else {})
    path = POD.path(connection.namespace, name, subresource="log")
    request = Request(Verb.GET, "Pod/log", path, query=query, timeout_seconds=SECONDS)
    prefix = f"{name}  " if is_named else ""
    try:
        async for line in connection.client.lines(request):
            typer.echo(f"{prefix}{line}")
    except RejectedError as error:
        if error.code == FORBIDDEN:
            raise
        typer.echo(f"leeboard: {name} has no log yet: {error}", err=True)
