"""One command for each verb, made from one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from leeboard.adapters.clock import steady_seconds
from leeboard.api.verbs import RequestVerb
from leeboard.cli.exits import Failure
from leeboard.cli.options import ContextOption, KubeconfigOption, NamespaceOption, ServiceArgument, Target
from leeboard.cli.session import connected

if TYPE_CHECKING:
    from leeboard.api.rollout_status import RequestStatus
    from leeboard.api.verbs import Asked
    from leeboard.cli.asking import Wish
    from leeboard.cli.connection import Connection

MEANINGS: dict[RequestVerb, str] = {
    RequestVerb.PROMOTE: "Go on where a person is asked, or give the new version all requests.",
    RequestVerb.ABORT: "Give the stable version all requests back; the new one is remembered as failed.",
    RequestVerb.PAUSE: "Stay at this split until resumed.",
    RequestVerb.RESUME: "Go on after a pause.",
    RequestVerb.RETRY: "Forget that a version failed, so that it is tried again.",
    RequestVerb.SKIP_STEP: "Go on to the next step without waiting for time and evidence.",
    RequestVerb.ROLLBACK: "Go back to the version that served before.",
    RequestVerb.RESTART: "Replace the pods of the version that serves, without losing a request.",
    RequestVerb.RETRAIN: "Train the model again now, unless a guard objects.",
}
RevisionOption = Annotated[
    str | None,
    typer.Option(
        "--revision",
        metavar="NAME",
        help="Revision that it concerns, '' for any; by default the one on its way, else the one that serves.",
    ),
]
TimeoutOption = Annotated[float, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait for it.")]
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the operator has answered.")]


def command_of(verb: RequestVerb) -> Callable[..., None]:
    """The command's function; its parameters are what typer shows."""

    def command(
        service: ServiceArgument,
        *,
        wait: WaitOption = True,
        timeout: TimeoutOption = 60,
        revision: RevisionOption = None,
        namespace: NamespaceOption = None,
        context: ContextOption = None,
        kubeconfig: KubeconfigOption = None,
    ) -> None:
        from leeboard.cli.asking import Wish  # noqa: PLC0415 - see session.py

        wish = Wish(verb, service, revision)
        _run(wish, Target(namespace, context, kubeconfig), seconds=timeout if wait else None)

    command.__doc__ = MEANINGS[verb]
    return command


def _run(wish: Wish, target: Target, *, seconds: float | None) -> None:
    from leeboard.cli.asking import exit_of  # noqa: PLC0415 - see session.py

    asked, request = connected(target, lambda connection: _ask(connection, wish, seconds))
    if request is None:
        typer.echo(f"{asked.verb} asked of {wish.service}, id {asked.id}")
        return
    words = f"{request.verb} {wish.service}: {request.outcome}{f': {request.message}' if request.message else ''}"
    code = exit_of(request)
    if code:
        raise Failure(words, code)
    typer.echo(words)


async def _ask(connection: Connection, wish: Wish, seconds: float | None) -> tuple[Asked, RequestStatus | None]:
    from leeboard.cli.asking import answer, ask  # noqa: PLC0415 - see session.py

    asked = await ask(connection, wish)
    if seconds is None:
        return asked, None
    deadline = steady_seconds() + seconds
    return asked, await answer(connection, wish, asked, over=lambda: steady_seconds() > deadline)
