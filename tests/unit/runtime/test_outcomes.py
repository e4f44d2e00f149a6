"""What an answer says, by its datatypes and shapes."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard_runtime.outcomes import NO_CLASS, NOTHING, Outcome, OutcomeReader, Task
from leeboard_runtime.predictions import PredictionCounter
from leeboard_runtime.profile_reading import parse_profile
from leeboard_runtime.protocol import OutputTensor
from tests.support.profile_document import classes, encoded, profile, score


def tensor(datatype: str, shape: list[int], *data: object) -> OutputTensor:
    return OutputTensor("output-0", datatype, shape, list(data))


PROBABILITIES = tensor("FP64", [2, 2], 0.9, 0.1, 0.25, 0.75)
LABELS = tensor("INT64", [2], 1, 0)


@pytest.mark.parametrize(
    ("task", "classes", "tensors", "outcome"),
    [
        (Task.BINARY, ["0", "1"], [PROBABILITIES], Outcome([0.1, 0.75], [0, 1])),
        (Task.BINARY, ["0", "1"], [PROBABILITIES, LABELS], Outcome([0.1, 0.75], [1, 0])),
        (Task.BINARY, ["0", "1"], [LABELS], Outcome(None, [1, 0])),
        (Task.BINARY, ["0", "1"], [tensor("FP32", [2], 0.5, 0.25)], Outcome([0.5, 0.25], [1, 0])),
        (Task.BINARY, ["0", "1"], [tensor("FP64", [2, 1], math.nan, 0.7)], Outcome([None, 0.7], [NO_CLASS, 1])),
        (Task.BINARY, ["no", "yes"], [tensor("BYTES", [2], "yes", None)], Outcome(None, [1, NO_CLASS])),
        (Task.BINARY, ["false", "true"], [tensor("BOOL", [2], *[True, False])], Outcome(None, [1, 0])),
        (Task.BINARY, ["0.0", "1.0"], [tensor("FP64", [2], 1.0, 0.0)], Outcome(None, [1, 0])),
        (
            Task.MULTICLASS,
            ["a", "b", "c"],
            [tensor("FP64", [2, 3], 0.2, 0.5, 0.3, 0.1, math.nan, 0.9)],
            Outcome([0.5, None], [1, NO_CLASS]),
        ),
        (Task.MULTICLASS, ["0", "1", "2"], [tensor("INT64", [2], 2, 7)], Outcome(None, [2, NO_CLASS])),
        (Task.REGRESSION, [], [tensor("FP64", [2], 1.5, math.inf)], Outcome([1.5, None], None)),
        (Task.REGRESSION, [], [tensor("INT64", [2, 1], 3, 4)], Outcome([3, 4], None)),
        (Task.UNKNOWN, [], [PROBABILITIES], NOTHING),
        (Task.BINARY, ["0", "1"], [tensor("FP64", [2, 3], *[0.1] * 6)], NOTHING),
    ],
    ids=[
        "probabilities of two",
        "a label beside probabilities is the class",
        "labels only have no score",
        "one float is the score of the second class",
        "a score that is not a number is unknown",
        "a label of text, and one that is null",
        "labels that are booleans",
        "labels that are floats",
        "probabilities of three",
        "a label that no class has",
        "a number is what a regression predicts",
        "integers of a regression",
        "a task that nobody knows",
        "an answer of another shape",
    ],
)
def test_an_answer_is_read(task: Task, classes: list[str], *, tensors: list[OutputTensor], outcome: Outcome) -> None:
    assert OutcomeReader(task, classes).read(tensors, 2) == outcome


def test_labels_of_feedback_are_found_by_name_or_value() -> None:
    reader = OutcomeReader(Task.BINARY, ["0", "1"])
    assert [reader.class_of(label) for label in (1, "1", 2, True)] == [1, 1, NO_CLASS, NO_CLASS]


@settings(deadline=None)
@given(
    st.lists(st.floats(allow_nan=True) | st.sampled_from([0.25, 0.5]) | st.none(), min_size=2, max_size=2),
    st.sampled_from([Task.BINARY, Task.MULTICLASS]),
)
def test_the_quick_way_of_the_usual_answer_comes_to_the_same(row: list[float | None], task: Task) -> None:
    document = profile([], [score(0.25, 0.5), classes("0", "1")], task=task)
    counter = PredictionCounter(parse_profile(encoded(document)))
    quick = counter.judge([tensor("FP64", [1, 2], *row)], 1)
    slow = counter.judge([tensor("FP64", [2, 2], *row, *row)], 2)
    assert [list(of) for of in quick] == [list(of)[:1] for of in slow]
