"""Names of children and marks of intent."""

import re

from hypothesis import given
from hypothesis import strategies as st

from leeboard.api.names import Kind, child_name, intent, model_version_name, owner_labels

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,38}[a-z0-9])?", fullmatch=True)
OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


@given(owner=NAMES, parts=st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_the_name_of_a_child_is_a_valid_name_and_always_the_same(owner: str, parts: list[str]) -> None:
    name = child_name(owner, *parts)

    assert len(name) <= 63
    assert OBJECT_NAME.fullmatch(name)
    assert name == child_name(owner, *parts)


def test_the_longest_owner_keeps_room_for_the_hash() -> None:
    assert child_name("o" * 63, "uid", "1") == "o" * 52 + child_name("x", "uid", "1")[1:]


def test_parts_are_kept_apart() -> None:
    assert child_name("a", "bc", "d") != child_name("a", "b", "cd")


def test_the_longest_version_name_is_an_object_name() -> None:
    assert len(model_version_name("m" * 40, "9" * 10)) == 52


def test_an_intent_does_not_depend_on_the_order_of_fields() -> None:
    assert intent("ns", "job", {"a": 1, "b": 2}) == intent("ns", "job", {"b": 2, "a": 1})


def test_an_intent_depends_on_namespace_name_and_spec() -> None:
    variants = {intent("ns", "job", {"a": 1}), intent("ns2", "job", {"a": 1}), intent("ns", "job2", {"a": 1})}

    assert len(variants | {intent("ns", "job", {"a": 2})}) == 4


def test_every_child_says_whose_it_is() -> None:
    assert owner_labels(Kind.TRAINING_JOB, name="car-loan", uid="u-1") == {
        "app.kubernetes.io/managed-by": "leeboard",
        "leeboard.dev/kind": "TrainingJob",
        "leeboard.dev/owner": "car-loan",
        "leeboard.dev/uid": "u-1",
    }
