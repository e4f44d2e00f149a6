"""Is a version worse than on its reference? Never proven by chance, proven with the labels that were promised."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from leeboard.monitoring.cohorts import ENTRY, Entries
from leeboard.monitoring.drift import DEFAULTS
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.performance import (
    Course,
    Finding,
    Question,
    Standing,
    begun,
    found,
    metric_for,
    no_tally,
    observed,
    question_of,
    tallied,
)
from leeboard.monitoring.performance.progress import EXCESSES
from leeboard.monitoring.performance.tally import ERROR_CELLS
from leeboard.monitoring.profile import Errors, Performance, Profile, Task
from tests.support.profiles import Rows, reference_of

NO_COVERAGE = np.array([np.nan, np.nan])


def predictions(random: np.random.Generator, rows: int, *, wrong: float) -> tuple[Rows, Entries]:
    """Balanced-ish binary predictions, ``wrong`` of them in each label class."""
    labels = (random.random(rows) < 0.6).astype(int)
    predicted = np.where(random.random(rows) < wrong, 1 - labels, labels)
    score = np.clip(0.25 + 0.5 * predicted + random.normal(size=rows) / 10, 0, 1)
    entries = np.zeros(rows, ENTRY)
    entries["token"], entries["predicted"], entries["label"] = np.arange(rows), predicted, labels
    return Rows({"x": score}, score=score, predicted=predicted, labels=labels), entries


@pytest.fixture(scope="module")
def profile() -> Profile:
    return reference_of(predictions(np.random.default_rng(1), 8000, wrong=0.06)[0]).profile


def asked(profile: Profile, metric: Metric = Metric.BALANCED_ACCURACY) -> Question:
    question = question_of(profile, metric, DEFAULTS)
    assert question is not None
    return question


def looks(
    profile: Profile, *, wrong: list[float], seed: int, rows: int = 100, course: Course = Course.SINCE
) -> list[Finding]:
    """What is found after each cohort."""
    random, question = np.random.default_rng(seed), asked(profile)
    progress, findings = begun(question, course), []
    for share in wrong:
        entries = predictions(random, rows, wrong=share)[1]
        progress = observed(progress, question, tallied(entries, profile))
        findings.append(found(progress, question, DEFAULTS))
    return findings


@pytest.mark.parametrize("wrong", [0.06, 0.05, 0.0])
def test_no_bet_gains_on_average_at_the_limit_or_below_it(profile: Profile, wrong: float) -> None:
    """4,000 small cohorts drawn at the limit itself: the mean growth is at most one."""
    question = asked(profile)
    share = min(wrong, 0.06) + (question.limit - question.reference if wrong == 0.06 else 0.0)
    random = np.random.default_rng(2)
    progress = begun(question, Course.SINCE)
    growth = np.zeros((4000, len(EXCESSES)))
    for place in range(len(growth)):
        counts = np.stack([random.multinomial(20, [1 - share, share]), random.multinomial(9, [share, 1 - share])])
        tally = replace(no_tally(profile), confusion=counts.T)
        growth[place] = np.exp(observed(progress, question, tally).wealth)
    assert (growth.mean(axis=0) <= 1 + 4 * growth.std(axis=0) / np.sqrt(len(growth))).all()


def test_an_equal_version_is_never_proven_worse_in_a_hundred_streams_of_fifty_looks(profile: Profile) -> None:
    for seed in range(100):
        assert {one.standing for one in looks(profile, wrong=[0.06] * 50, seed=seed)} <= {
            Standing.UNPROVEN,
            Standing.TOO_FEW_LABELS,
        }


def test_a_loss_of_three_points_is_proven_within_the_labels_that_were_promised(profile: Profile) -> None:
    """Stated power: in 70 % of the streams at least, when all that are needed have come."""
    first = looks(profile, wrong=[0.06], seed=1)[0]
    assert first.needed is not None
    assert 600 < first.needed < 2500
    proven = 0
    for seed in range(100):
        findings = looks(profile, wrong=[0.09] * (first.needed // 100 + 1), seed=seed)
        proven += any(one.standing is Standing.WORSE for one in findings)
    assert 70 <= proven <= 99


def test_a_large_loss_is_proven_soon_but_not_by_one_cohort(profile: Profile) -> None:
    findings = looks(profile, wrong=[0.4] * 6, seed=3)
    assert findings[0].standing is Standing.TOO_FEW_LABELS
    assert findings[-1].standing is Standing.WORSE
    assert looks(profile, wrong=[0.4], seed=3, rows=5000)[0].standing is Standing.UNPROVEN


def test_a_proven_loss_below_the_margin_does_not_count(profile: Profile) -> None:
    last = looks(profile, wrong=[0.075] * 20, seed=4, rows=5000)[-1]
    assert last.evidence > log(1 / DEFAULTS.label_alpha)
    assert last.standing is Standing.UNPROVEN


def test_watching_sees_a_change_after_long_good_times_and_a_plain_test_does_not(profile: Profile) -> None:
    wrong = [0.06] * 200 + [0.12] * 12
    watched = looks(profile, wrong=wrong, seed=5, course=Course.WATCH)
    assert [one.standing is Standing.WORSE for one in watched].index(True) >= 200
    assert Standing.WORSE not in {one.standing for one in looks(profile, wrong=wrong, seed=5)}
    assert watched[-1].labels <= 100 * 30


def test_labels_without_a_class_wait_for_it(profile: Profile) -> None:
    question, random = asked(profile), np.random.default_rng(6)
    entries = predictions(random, 400, wrong=0.06)[1]
    positive, negative = entries[entries["label"] == 1], entries[entries["label"] == 0]
    half = observed(begun(question, Course.SINCE), question, tallied(positive, profile))
    assert found(half, question, DEFAULTS).value is None
    whole = observed(half, question, tallied(negative, profile))
    assert found(whole, question, DEFAULTS).labels == 400


def test_balanced_accuracy_is_the_mean_of_the_recalls(profile: Profile) -> None:
    confusion = np.array([[90, 30], [10, 170]])
    question = asked(profile)
    progress = observed(begun(question, Course.SINCE), question, replace(no_tally(profile), confusion=confusion))
    assert found(progress, question, DEFAULTS).value == pytest.approx((0.9 + 0.85) / 2)


def test_auc_is_that_of_the_deciles_and_falls_when_scores_mean_less(profile: Profile) -> None:
    """Exactly the usual AUC with half of the ties, on the reference itself."""
    performance = profile.performance
    assert performance is not None
    question = asked(profile, Metric.AUC)
    negative, positive = performance.deciles.T
    wins = sum(
        int(positive[one]) * (int(negative[:one].sum()) + int(negative[one]) / 2) for one in range(len(positive))
    )
    assert 1 - question.reference == pytest.approx(wins / (int(positive.sum()) * int(negative.sum())))
    shuffled = np.stack([performance.deciles.sum(axis=1)] * 2, axis=1)
    progress = observed(begun(question, Course.SINCE), question, replace(no_tally(profile), deciles=shuffled))
    assert found(progress, question, DEFAULTS).value == pytest.approx(0.5, abs=0.02)


def test_where_labels_come_for_accepted_loans_only_precision_is_judged(profile: Profile) -> None:
    assert metric_for(profile, np.array([0.0, 0.9]), DEFAULTS) is Metric.PRECISION
    assert metric_for(profile, np.array([0.5, 0.9]), DEFAULTS) is Metric.BALANCED_ACCURACY
    assert metric_for(profile, NO_COVERAGE, replace(DEFAULTS, metric=Metric.AUC)) is Metric.AUC
    assert metric_for(replace(profile, performance=None), NO_COVERAGE, DEFAULTS) is None


def regression(profile: Profile) -> Profile:
    errors = Errors(8000, 8000 * 2.0, 8000 * 6.3)
    performance = Performance("price", np.zeros((0, 0), np.int64), np.zeros((0, 0), np.int64), errors)
    return replace(profile, task=Task.REGRESSION, classes=(), performance=performance)


@pytest.mark.parametrize(("worse", "expected"), [(1.0, Standing.UNPROVEN), (1.3, Standing.WORSE)])
def test_errors_are_judged_by_their_ratio_to_the_references(
    *, profile: Profile, worse: float, expected: Standing
) -> None:
    numeric = regression(profile)
    assert metric_for(numeric, np.zeros(0), DEFAULTS) is Metric.MAE_RATIO
    question, random = asked(numeric, Metric.MAE_RATIO), np.random.default_rng(7)
    progress = begun(question, Course.SINCE)
    for _ in range(20):
        entries = np.zeros(100, ENTRY)
        entries["value"] = random.normal(size=100) * worse * 2 / np.sqrt(2 / np.pi)
        progress = observed(progress, question, tallied(entries, numeric))
    last = found(progress, question, DEFAULTS)
    assert last.standing is expected
    assert last.value == pytest.approx(worse, abs=0.12)
    assert last.reference == pytest.approx(1.0)


def test_errors_that_are_no_numbers_are_left_out(profile: Profile) -> None:
    entries = np.zeros(3, ENTRY)
    entries["value"] = [1.0, np.inf, 1e300]
    tally = tallied(entries, regression(profile))
    assert (tally.rows, int(tally.errors[4]), int(tally.errors[ERROR_CELLS - 1])) == (2, 1, 1)


def test_labels_that_fit_no_class_are_left_out(profile: Profile) -> None:
    entries = np.zeros(5, ENTRY)
    entries["label"], entries["predicted"] = [0, 1, 2, 0.5, 0], [0, 1, 1, 1, -1]
    tally = tallied(entries, profile)
    assert (tally.rows, tally.confusion.tolist()) == (2, [[1, 0], [0, 1]])


def test_a_reference_with_too_few_labels_asks_nothing(profile: Profile) -> None:
    performance = Performance("repaid", np.array([[30, 5], [5, 10]]), np.zeros((0, 2), np.int64), None)
    assert question_of(replace(profile, performance=performance), Metric.BALANCED_ACCURACY, DEFAULTS) is None


def test_a_reference_with_few_labels_says_that_no_number_would_do(profile: Profile) -> None:
    performance = Performance("repaid", np.array([[30, 5], [5, 30]]), np.zeros((0, 2), np.int64), None)
    small = replace(profile, performance=performance)
    question = asked(small)
    assert found(begun(question, Course.SINCE), question, DEFAULTS).needed is None
