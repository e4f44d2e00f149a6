"""``leeboard drift``: what the rows of a service look like beside its reference, and why nothing is trained."""

from __future__ import annotations

from leeboard.api.names import Kind
from leeboard.cli.exits import Failure
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
from leeboard.cli.session import connected

FACT_HEADINGS = ("FACT", "STATUS", "REASON", "MESSAGE")
FEATURE_HEADINGS = ("VERSION", "FEATURE", "STANDING", "PSI", "IN 3 OF 4 WINDOWS")


def drift(
    service: ServiceArgument,
    *,
    output: OutputOption = Output.TABLE,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Show how far the rows of a service are from its reference, and why its model is trained again or not."""
    from leeboard.cli.drift_rows import document_of, facts_of, features_of  # noqa: PLC0415 - they load the models
    from leeboard.cli.rows import service_of  # noqa: PLC0415

    target = Target(namespace, context, kubeconfig)
    status = service_of(connected(target, lambda connection: connection.get(Kind.INFERENCE_SERVICE, service))).status
    if output is not Output.TABLE:
        print_document(document_of(status), output)
        return
    facts = tuple(facts_of(status))
    if not facts:
        raise Failure(f"nothing is known of {service} yet: leeboard get {service} shows what it waits for")
    print_table(FACT_HEADINGS, facts)
    features = tuple(features_of(status))
    if features:
        print_table(FEATURE_HEADINGS, features)
