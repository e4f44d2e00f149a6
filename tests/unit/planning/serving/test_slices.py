"""Segments and groups on the way from the spec to the model server."""

from __future__ import annotations

import pytest

from leeboard.api.monitoring import Monitoring
from leeboard.api.resource import Manifest
from leeboard.planning.serving.pod import counts_slices
from leeboard_runtime.slices import Slices, parse_slices
from tests.unit.planning.serving.test_labels import PROFILE, pod_of, server_of

REGION = {"column": "region", "values": ["north", 'a "b"', "$(HOME)", "süd"]}
SEX = {"column": "sex", "values": ["f", "m"]}
WATCHES = Monitoring.model_validate({"segments": [REGION], "groups": [SEX]})


def options_of(spec: Manifest) -> dict[str, str]:
    found = (item.partition("=") for item in server_of(spec)["args"])
    return {name: value for name, _, value in found if name in {"--segments", "--groups"}}


def test_the_server_reads_what_the_spec_names_whatever_the_values_are() -> None:
    options = options_of(pod_of(WATCHES, PROFILE))
    assert {name: parse_slices(name, text) for name, text in options.items()} == {
        "--segments": (Slices("region", ("north", 'a "b"', "$(HOME)", "süd")),),
        "--groups": (Slices("sex", ("f", "m")),),
    }
    assert "$(" not in str(options), "a kubelet would put a variable there"


@pytest.mark.parametrize("monitoring", [None, Monitoring(), WATCHES.model_copy(update={"segments": ()})])
def test_what_is_not_named_is_no_argument(monitoring: Monitoring | None) -> None:
    named = {} if monitoring is None or not monitoring.groups else {"--groups": '[{"column":"sex","values":["f","m"]}]'}
    assert options_of(pod_of(monitoring, PROFILE)) == named


def test_without_a_profile_nothing_is_counted_apart() -> None:
    assert pod_of(WATCHES, None) == pod_of(None, None)


def test_pods_of_another_declaration_are_told_from_those_of_this_one() -> None:
    template = {"spec": pod_of(WATCHES, PROFILE)}
    assert counts_slices(template, WATCHES)
    assert not counts_slices(template, None)
    assert not counts_slices(template, WATCHES.model_copy(update={"groups": ()}))
    assert not counts_slices({"spec": pod_of(None, PROFILE)}, WATCHES)
    assert counts_slices({"spec": pod_of(None, PROFILE)}, None)
