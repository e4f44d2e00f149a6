"""``leeboard get``: what there is, and one service as a tree, once or as it changes."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from leeboard.api.names import Kind
from leeboard.cli.exits import Exit, Failure
from leeboard.cli.options import ContextOption, KubeconfigOption, NamespaceOption, Output, OutputOption, Target
from leeboard.cli.session import connected


def get(
    what: Annotated[
        str | None, typer.Argument(help="A kind (trainingjobs, mv, lbsvc, ...) or a service.", metavar="[KIND|SERVICE]")
    ] = None,
    *,
    everywhere: Annotated[bool, typer.Option("--all-namespaces", "-A", help="In every namespace.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show a service as it changes, until Ctrl-C.")] = False,
    output: OutputOption = Output.TABLE,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Show what there is; of a service, where its rollout stands and by which numbers."""
    from leeboard.cli import showing  # noqa: PLC0415 - it loads the models of all kinds

    target = Target(namespace, context, kubeconfig)
    kinds = showing.kinds_of(what)
    if kinds:
        if watch:
            raise Failure("--watch shows one service: leeboard get SERVICE --watch", Exit.USAGE)
        found = connected(target, lambda connection: showing.listed(connection, kinds, everywhere=everywhere))
        showing.print_list(found, output, everywhere=everywhere)
        return
    name = what or ""
    if everywhere or (watch and output is not Output.TABLE):
        raise Failure("a service is shown from one namespace, and watched as a tree only", Exit.USAGE)
    if watch:
        with contextlib.suppress(KeyboardInterrupt):
            connected(target, lambda connection: showing.watch(connection, name))
    else:
        manifest = connected(target, lambda connection: connection.get(Kind.INFERENCE_SERVICE, name))
        showing.print_service(manifest, output)
