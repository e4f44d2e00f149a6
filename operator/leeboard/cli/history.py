"""``leeboard history``: the last decisions about a service, newest first."""

from __future__ import annotations

from leeboard.api.names import Kind
from leeboard.cli.moments import ago
from leeboard.cli.options import (
    ContextOption,
    KubeconfigOption,
    NamespaceOption,
    Output,
    OutputOption,
    ServiceArgument,
    Target,
)
from leeboard.cli.printing import print_document, print_table
from leeboard.cli.session import connected, now

HEADINGS = ("WHEN", "OUTCOME", "VERSION", "REVISION", "REASON", "BY", "MESSAGE")


def history(
    service: ServiceArgument,
    *,
    output: OutputOption = Output.TABLE,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Show what was decided about a service, by whom and why."""
    from leeboard.cli.rows import service_of  # noqa: PLC0415 - it loads the models of all kinds

    target = Target(namespace, context, kubeconfig)
    found = connected(target, lambda connection: connection.get(Kind.INFERENCE_SERVICE, service))
    entries = service_of(found).status.history
    if output is not Output.TABLE:
        print_document([entry.to_json() for entry in entries], output)
        return
    moment = now()
    rows = (
        (ago(one.at, moment), one.outcome, one.version, one.revision, one.reason or "-", one.by or "-", one.message)
        for one in entries
    )
    print_table(HEADINGS, rows)
