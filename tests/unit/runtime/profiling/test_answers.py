"""What kind of answers a model gives, told by the answers, the model's classes and the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.outcomes import Outcome, Task
from leeboard_runtime.profiling.answers import Reading, outputs_of, reading_of
from leeboard_runtime.profiling.channels import numeric
from leeboard_runtime.profiling.performance import performance

TABLE = np.asarray([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
THREE = np.asarray([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
CASES: dict[str, tuple[Any, Any, Any, Reading]] = {
    "probabilities of a model that names its classes": (
        TABLE, np.asarray([False, True]), None, Reading(Task.BINARY, ("false", "true"), "output-0")),
    "probabilities and a target": (
        TABLE, None, ["yes", "no", None], Reading(Task.BINARY, ("no", "yes"), "output-0")),
    "probabilities and a target with a gap": (
        TABLE, None, [1.0, 0.0, None], Reading(Task.BINARY, ("0", "1"), "output-0")),
    "probabilities alone": (THREE, None, None, Reading(Task.MULTICLASS, ("0", "1", "2"), "output-0")),
    "labels of a model that names its classes": (
        np.asarray([3, 5, 3]), np.asarray([3, 4, 5]), None, Reading(Task.MULTICLASS, ("3", "4", "5"))),
    "labels that are floats": (
        np.asarray([0.0, 1.0]), np.asarray([0.0, 1.0]), None, Reading(Task.BINARY, ("0.0", "1.0"))),
    "texts": (np.asarray(["b", "a"], dtype=object), None, None, Reading(Task.BINARY, ("a", "b"))),
    "integers that the target knows": (np.asarray([1, 0, 1]), None, [0, 1, 1], Reading(Task.BINARY, ("0", "1"))),
    "one probability and a target of two": (np.asarray([0.1, 0.9]), None, [0, 1], Reading(Task.BINARY, ("0", "1"))),
    "numbers": (np.asarray([1.5, -3.0]), None, None, Reading(Task.REGRESSION)),
    "numbers and a target of many": (np.asarray([1.5, 3.0, 4.0]), None, [1.0, 2.5, 3.5], Reading(Task.REGRESSION)),
    "a label beside its probabilities": (
        {"label": np.asarray([1, 0]), "probabilities": TABLE[:2]}, None, None,
        Reading(Task.BINARY, ("0", "1"), "probabilities")),
    "two numbers a row": (pd.DataFrame({"low": [1.0, 2.0], "high": [3.0, 4.0]}), None, None, Reading(Task.UNKNOWN)),
    "more classes than anybody looks at": (np.full((2, 101), 1 / 101), None, None, Reading(Task.UNKNOWN)),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "own", "labels", "reading"), CASES.values(), ids=CASES)
def test_the_reading_of(answer: Any, own: Any, *, labels: Any, reading: Reading) -> None:  # noqa: ANN401 - values of any kind
    classes = None if own is None else list(own)

    assert reading_of(outputs_of(answer), own=classes, labels=labels) == reading


def test_answers_differ_by_total_variation_else_by_score_else_by_class() -> None:
    probabilities, regression, labels = Reading(Task.BINARY, ("0", "1"), "output-0"), Reading(Task.REGRESSION), Reading(
        Task.BINARY, ("0", "1")
    )  # fmt: skip

    def distance(reading: Reading, one: object, other: object) -> list[float]:
        return [round(float(x), 9) for x in reading.distance(outputs_of(one), outputs_of(other))]

    assert distance(probabilities, TABLE, TABLE[::-1]) == [0.5, 0.0, 0.5]
    assert distance(regression, np.asarray([1.0, 5.0]), np.asarray([2.0, 2.0])) == [1.0, 3.0]
    assert distance(labels, np.asarray([1, 0]), np.asarray([1, 1])) == [0.0, 1.0]


def test_performance_counts_each_labelled_row_once() -> None:
    outcome = Outcome([0.1, 0.8, 0.6, 0.3], [0, 1, 1, 0])
    scores = numeric("score", "Score", np.asarray(outcome.scores, dtype=float))

    found = performance([0, 1, 0.0, None], outcome, ("0", "1"), scores=scores)

    assert found is not None
    assert (found["confusion"], found["errors"]) == ([[1, 0], [1, 1]], None)
    assert np.asarray(found["deciles"]).sum(axis=0).tolist() == [2, 1]
    assert np.asarray(found["deciles"]).shape == (scores.channel.cells, 2)


def test_errors_of_a_regression_are_sums() -> None:
    found = performance([1.0, None, 5.0], Outcome([2.0, 9.0, 2.0], None), (), scores=None)

    assert found == {"confusion": [], "deciles": [], "errors": {"count": 2, "absolute": 4.0, "squared": 10.0}}


@pytest.mark.parametrize(
    ("labels", "outcome", "message"),
    [
        (["maybe"], Outcome(None, [0]), "the target holds 'maybe', which is none of the model's classes 0, 1"),
        (["much"], Outcome([1.0], None), "the target holds 'much', but the model answers with numbers"),
    ],
    ids=["no class", "no number"],
)
def test_a_label_that_does_not_fit_is_named(labels: list[Any], outcome: Outcome, message: str) -> None:
    with pytest.raises(PermanentFault, match=message.replace("(", r"\(")):
        performance(labels, outcome, ("0", "1"), scores=None)
