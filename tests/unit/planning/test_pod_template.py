"""Merging pod templates by name, and restricted defaults."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.api.resource import Manifest
from leeboard.planning.pod_rules import findings
from leeboard.planning.pod_template import (
    merge,
    read_only_root,
    restricted,
    with_credentials,
    with_env,
    with_metadata,
)

BASE: Manifest = {
    "containers": [
        {
            "name": "server",
            "image": "ours",
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "ports": [{"containerPort": 8080, "name": "http"}],
            "volumeMounts": [{"name": "model", "mountPath": "/mnt/model"}],
            "args": ["serve"],
        }
    ],
    "volumes": [{"name": "model", "emptyDir": {}}],
}

MERGES: dict[str, tuple[Manifest, Manifest]] = {
    "an image of the container of that name": (
        {"containers": [{"name": "server", "image": "theirs"}]},
        {"containers": [{**BASE["containers"][0], "image": "theirs"}], "volumes": BASE["volumes"]},
    ),
    "another container comes after ours": (
        {"containers": [{"name": "sidecar"}]},
        {"containers": [BASE["containers"][0], {"name": "sidecar"}], "volumes": BASE["volumes"]},
    ),
    "variables by name": (
        {"containers": [{"name": "server", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}]},
        {
            "containers": [
                {
                    **BASE["containers"][0],
                    "env": [
                        {"name": "A", "value": "1"},
                        {"name": "B", "value": "3"},
                        {"name": "C", "value": "4"},
                    ],
                }
            ],
            "volumes": BASE["volumes"],
        },
    ),
    "lists without a key are replaced": (
        {"containers": [{"name": "server", "args": ["other"]}]},
        {"containers": [{**BASE["containers"][0], "args": ["other"]}], "volumes": BASE["volumes"]},
    ),
    "null says nothing": ({"volumes": None, "containers": [{"name": "server", "image": None}]}, BASE),
    "nothing": ({}, BASE),
}


@pytest.mark.parametrize(("overlay", "expected"), MERGES.values(), ids=MERGES)
def test_merges(overlay: Manifest, expected: Manifest) -> None:
    before = deepcopy(BASE)

    assert merge(BASE, overlay) == expected
    assert before == BASE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text("abc", max_size=1), children, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text("abc", max_size=2), json_values, max_size=4)


@given(objects)
def test_merging_a_template_over_itself_changes_nothing(value: Manifest) -> None:
    assert merge(value, value) == value


@given(objects, objects)
def test_merging_twice_is_merging_once(base: Manifest, overlay: Manifest) -> None:
    once = merge(base, overlay)

    assert merge(once, overlay) == once


def test_restricted_fills_in_what_the_template_does_not_say() -> None:
    template = {"spec": {"initContainers": [{"name": "i"}], "containers": [{"name": "c"}]}}
    container = {
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }

    assert restricted(template) == {
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [{"name": "i", **container}],
            "containers": [{"name": "c", **container}],
        }
    }


def test_restricted_leaves_what_the_template_says_where_it_is_allowed() -> None:
    said = {
        "spec": {
            "serviceAccountName": "trainer",
            "securityContext": {"runAsUser": 1000, "seccompProfile": {"type": "Localhost", "localhostProfile": "p"}},
            "containers": [
                {
                    "name": "c",
                    "terminationMessagePolicy": "File",
                    "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["NET_RAW"]}},
                }
            ],
        }
    }

    spec = restricted(said)["spec"]

    assert "automountServiceAccountToken" not in spec
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "Localhost", "localhostProfile": "p"},
    }
    assert spec["containers"] == [
        {
            "name": "c",
            "terminationMessagePolicy": "File",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            },
        }
    ]


def test_what_restricted_makes_passes_the_rules() -> None:
    template = read_only_root(restricted({"spec": {"containers": [{"name": "c", "image": "i"}]}}))

    assert findings(template, path="x") == ()


def test_a_read_only_root_has_one_writable_place_which_is_home() -> None:
    template = {"spec": {"containers": [{"name": "c"}]}}

    assert read_only_root(template) == {
        "spec": {
            "volumes": [{"name": "leeboard-tmp", "emptyDir": {}}],
            "containers": [
                {
                    "name": "c",
                    "securityContext": {"readOnlyRootFilesystem": True},
                    "env": [{"name": "HOME", "value": "/tmp"}],
                    "volumeMounts": [{"name": "leeboard-tmp", "mountPath": "/tmp"}],
                }
            ],
        }
    }


def test_our_variables_come_first_and_replace_those_of_the_same_name() -> None:
    container = {"name": "c", "env": [{"name": "A", "value": "theirs"}, {"name": "B", "value": "$(A)"}]}

    assert with_env(container, [("A", "ours")]) == {
        "name": "c",
        "env": [{"name": "A", "value": "ours"}, {"name": "B", "value": "$(A)"}],
    }


def test_credentials_are_optional_and_absent_where_none_are_named() -> None:
    container = {"name": "c", "envFrom": [{"configMapRef": {"name": "own"}}]}

    assert with_credentials(container, None) == container
    assert with_credentials(container, "login")["envFrom"] == [
        {"secretRef": {"name": "login", "optional": True}},
        {"configMapRef": {"name": "own"}},
    ]


def test_labels_and_annotations_are_added() -> None:
    template = {"metadata": {"labels": {"team": "risk"}}, "spec": {}}

    assert with_metadata(template, labels={"a": "b"}, annotations={"c": "d"}) == {
        "metadata": {"labels": {"team": "risk", "a": "b"}, "annotations": {"c": "d"}},
        "spec": {},
    }
