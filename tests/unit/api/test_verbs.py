"""Requests of people as an annotation."""

from __future__ import annotations

import pytest

from leeboard.api.verbs import Asked, RequestVerb


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(Asked(RequestVerb.SKIP_STEP, "a1", "loans-0123456789"), id="with a revision"),
        pytest.param(Asked(RequestVerb.ABORT, "7f" * 32), id="for any revision, the longest id"),
    ],
)
def test_a_request_survives_the_annotation(asked: Asked) -> None:
    assert Asked.parse(str(asked)) == asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "promote",
        "promote/a1",
        "get/a1/",
        "promote//",
        "promote/a1/r/more",
        "promote/A1/",
        "promote/a1/\n",
        "promote/-a/",
        f"promote/{'a' * 65}/",
        f"promote/a/{'r' * 64}",
    ],
)
def test_anything_else_is_no_request(text: str) -> None:
    assert Asked.parse(text) is None
