"""Which request a person's wish becomes, and the patch that carries it."""

from __future__ import annotations

import pytest

from leeboard.api.rollout_status import RequestOutcome, RequestStatus
from leeboard.api.verbs import REQUEST, REQUESTED_BY, Asked, RequestVerb
from leeboard.cli.asking import Wish, annotating, exit_of, request_of
from leeboard.cli.commands import command_line
from leeboard.cli.exits import Exit, Failure
from leeboard.cli.verbs import MEANINGS
from tests.unit.cli.services import in_the_middle, service, settled

ABORT = Wish(RequestVerb.ABORT, "loans")


def test_a_request_concerns_what_is_on_its_way_else_what_serves() -> None:
    assert request_of(ABORT, service(in_the_middle()), "ann").revision == "loans-0000000008"
    assert request_of(ABORT, service(settled()), "ann").revision == "loans-0000000007"
    assert request_of(Wish(RequestVerb.ABORT, "loans", ""), service(settled()), "ann").revision == ""


def test_ids_differ_by_person_verb_and_state_and_fit_the_annotation() -> None:
    moved = service(settled()).model_copy(
        update={"metadata": service(settled()).metadata.model_copy(update={"resource_version": "18"})}
    )
    asked = [
        request_of(ABORT, service(settled()), "ann"),
        request_of(ABORT, service(settled()), "bob"),
        request_of(Wish(RequestVerb.PAUSE, "loans"), service(settled()), "ann"),
        request_of(ABORT, moved, "ann"),
    ]
    assert len({one.id for one in asked}) == 4
    assert [Asked.parse(str(one)) for one in asked] == asked


def test_nothing_is_asked_while_another_request_waits() -> None:
    with pytest.raises(Failure, match="promote asked by bob is not answered yet"):
        request_of(ABORT, service(in_the_middle(), request="promote/b2/", by="bob"), "ann")
    answered = service(in_the_middle(), request="pause/a1/", by="ann")
    assert request_of(ABORT, answered, "ann").verb is RequestVerb.ABORT


def test_the_patch_holds_only_for_the_state_that_was_read() -> None:
    asked = Asked(RequestVerb.ABORT, "a1", "r1")
    bare = {"metadata": {"resourceVersion": "17"}}
    both = [
        {"op": "add", "path": "/metadata/annotations/leeboard.dev~1request", "value": "abort/a1/r1"},
        {"op": "add", "path": "/metadata/annotations/leeboard.dev~1requested-by", "value": "ann"},
    ]
    version = {"op": "replace", "path": "/metadata/resourceVersion", "value": "17"}
    assert annotating({"metadata": {"resourceVersion": "17", "annotations": {"a": "b"}}}, asked, "ann") == [
        version,
        *both,
    ]
    assert annotating(bare, asked, "ann") == [
        version,
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        *both,
    ]
    assert (REQUEST, REQUESTED_BY) == ("leeboard.dev/request", "leeboard.dev/requested-by")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (RequestOutcome.DONE, Exit.DONE),
        (RequestOutcome.REFUSED, Exit.REFUSED),
        (RequestOutcome.EXPIRED, Exit.REFUSED),
    ],
)
def test_outcomes_are_exit_codes(outcome: RequestOutcome, code: Exit) -> None:
    request = RequestStatus(id="a1", verb="abort", at="2026-03-01T12:00:00Z", outcome=outcome)
    assert exit_of(request) is code


def test_every_verb_is_a_command() -> None:
    assert set(MEANINGS) == set(RequestVerb)
    assert set(RequestVerb) <= {command.name for command in command_line.registered_commands}
