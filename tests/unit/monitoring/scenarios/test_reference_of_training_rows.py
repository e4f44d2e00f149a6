"""A reference of the rows that a model was fitted on is about no traffic: an alert, and no training."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from tests.support.profiles import Rows, reference_of
from tests.unit.monitoring.scenarios.loop import Loop

DAY_ROWS = 1000


def customers(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Five inputs; two of them say something, a fifth of the labels is noise."""
    inputs = random.normal(size=(count, 5))
    labels = (inputs[:, 0] + inputs[:, 1] > 0).astype(int)
    return inputs, np.where(random.random(count) < 0.2, 1 - labels, labels)


def scored(forest: RandomForestClassifier, inputs: np.ndarray) -> Rows:
    score = forest.predict_proba(inputs)[:, 1]
    features = {f"f{place}": inputs[:, place] for place in range(inputs.shape[1])}
    return Rows(features, score=score, predicted=(score >= 0.5).astype(int))


@pytest.mark.parametrize(
    ("is_held_out", "said", "jobs"),
    [(False, "Unknown/ReferenceMismatch", 0), (True, "False/Stable", 0)],
    ids=["rows that the forest was fitted on", "rows that it never saw"],
)
def test_a_reference_of_fitted_rows_is_a_mismatch_and_one_of_held_out_rows_fits(
    *, is_held_out: bool, said: str, jobs: int
) -> None:
    random = np.random.default_rng(1)
    inputs, labels = customers(random, 4000)
    forest = RandomForestClassifier(40, random_state=1).fit(inputs, labels)
    rows = customers(random, 4000)[0] if is_held_out else inputs
    loop = Loop(reference_of(scored(forest, rows)))
    for _ in range(6):
        loop.window(scored(forest, customers(random, DAY_ROWS)[0]))
    assert (loop.conditions["DriftDetected"], len(loop.jobs)) == (said, jobs)
    if not is_held_out:
        drift = loop.watch.reports["r1"].drift
        assert drift is not None
        assert drift.mismatched == ("prediction",)
        assert loop.retrains == "False/ReferenceMismatch"
