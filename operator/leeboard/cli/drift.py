"""``leeboard drift``: what the rows of a service look like beside its reference, and why nothing is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

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
from leeboard.cli.printing import console, print_document, print_table
from leeboard.cli.session import connected
from leeboard.cli.sparkline import marks_for

if TYPE_CHECKING:
    from leeboard.api.inference_service import InferenceServiceStatus

FACT_HEADINGS = ("FACT", "STATUS", "REASON", "MESSAGE")
FEATURE_HEADINGS = ("VERSION", "FEATURE", "STANDING", "PSI", "LAST WINDOWS", "IN 3 OF 4 WINDOWS")
SEGMENT_HEADINGS = ("INPUT", "VALUE", "ANSWERS", "ROWS", "PSI")
GROUP_HEADINGS = ("OF", "INPUT", "VALUE", "STANDING", "ROWS", "RATE", "REFERENCE", "DIFFERENCE", "RATIO")
SegmentOption = Annotated[
    str | None, typer.Option("--segment", help="Only the segments of this input, or of this value.", metavar="NAME")
]
GroupsOption = Annotated[bool, typer.Option("--groups", help="Only the protected groups, with their intervals.")]


def drift(
    service: ServiceArgument,
    *,
    segment: SegmentOption = None,
    groups: GroupsOption = False,
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
    if segment is not None or groups:
        _drill(status, segment, groups=groups)
        return
    facts = tuple(facts_of(status))
    if not facts:
        raise Failure(f"nothing is known of {service} yet: leeboard get {service} shows what it waits for")
    print_table(FACT_HEADINGS, facts)
    features = tuple(features_of(status, marks_for(console().encoding)))
    if features:
        print_table(FEATURE_HEADINGS, features)


def _drill(status: InferenceServiceStatus, segment: str | None, *, groups: bool) -> None:
    from leeboard.cli.slice_rows import groups_of, names_of, segments_of  # noqa: PLC0415 - they load the models

    if segment is not None:
        rows = tuple(segments_of(status, segment))
        if not rows:
            known = ", ".join(names_of(status))
            there = (
                f"there are those of {known}" if known else "spec.monitoring.segments names none, or no window ended"
            )
            raise Failure(f"there is no segment {segment}; {there}")
        print_table(SEGMENT_HEADINGS, rows)
    if groups:
        rows = tuple(groups_of(status))
        if not rows:
            raise Failure("nothing is known of groups: spec.monitoring.groups names them, and a window has to end")
        print_table(GROUP_HEADINGS, rows)
