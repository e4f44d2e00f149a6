"""What a story refuses to call a success, and what it shows of a resource."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from tests.stories.car_loan import HELD_OUT_ROWS, compare
from tests.stories.drift import agree, labels_in, recovery
from tests.stories.screen import Row, Screen, row_of
from tests.stories.stage import Stage, StoryError
from tests.stories.traffic import Figures
from tests.support.kubectl import Kubectl, Manifest

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def stage() -> Stage:
    """A stage that shows nothing."""
    return Stage(Kubectl(Path("kubectl"), Path("kubeconfig")), "car-loan", Screen("", Console(quiet=True)))


def scored(*, accuracy: float, failed: int = 0, rows: int = HELD_OUT_ROWS) -> Figures:
    """What a client counted."""
    return Figures(50, failed, {}, {"1": 50}, 0.1, accuracy, rows)


def service(*, observed_generation: int) -> Manifest:
    """A service that says Ready of some generation."""
    ready = {"type": "Ready", "status": "True", "reason": "Serving", "message": "version 1 answers"}
    return {
        "kind": "InferenceService",
        "metadata": {"name": "car-loan", "generation": 2, "creationTimestamp": "2026-11-21T12:00:00Z"},
        "status": {"phase": "Serving", "conditions": [ready | {"observedGeneration": observed_generation}]},
    }


def test_equal_accuracies_are_reported(stage: Stage) -> None:
    figures = compare("first", scored(accuracy=0.917), trained=0.9185, stage=stage)

    assert figures == {"firstAccuracyServed": 0.917, "firstRequestsSent": 50, "firstRequestsFailed": 0}


@pytest.mark.parametrize(
    "counted",
    [scored(accuracy=0.917, failed=1), scored(accuracy=0.917, rows=24_500), scored(accuracy=0.85)],
    ids=["one failed request", "rows without an answer", "an accuracy that training did not measure"],
)
def test_a_story_fails_with(counted: Figures, stage: Stage) -> None:
    with pytest.raises(StoryError):
        compare("first", counted, trained=0.9185, stage=stage)


def test_a_row_says_what_the_condition_says() -> None:
    assert row_of(service(observed_generation=2), NOW) == Row(
        "InferenceService", "car-loan", "Serving", "True", "Serving", "version 1 answers", "30s"
    )


def test_a_condition_of_an_older_generation_is_not_shown() -> None:
    assert row_of(service(observed_generation=1), NOW).ready == "Unknown"


def test_a_pod_shows_what_it_waits_for() -> None:
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "train", "creationTimestamp": "2026-11-21T12:00:00Z"},
        "status": {"phase": "Pending", "containerStatuses": [waiting]},
    }

    assert row_of(pod, NOW).phase == "ImagePullBackOff"


@pytest.mark.parametrize(("low", "high", "is_told"), [(0.021, 0.034, True), (0.0, 0.0201, True), (0.034, 0.05, False)])
def test_desk_and_operator_have_to_agree_on_the_gain(*, low: float, high: float, is_told: bool) -> None:
    figures = {"regainedLow": 0.0201, "regainedHigh": 0.0332, "evaluationGainLow": low, "evaluationGainHigh": high}
    if is_told:
        agree(figures)
        return
    with pytest.raises(StoryError):
        agree(figures)


def counted(*, only_new: int, only_old: int) -> Manifest:
    """What the desk says at its end: 94 % before the change, 90 % after it."""
    pairs = {"both": 4500 - only_old, "onlyOld": only_old, "onlyNew": only_new, "neither": 500 - only_new}
    right = {"before": 23_500, "during": 9_000, "after": 4500 - only_old + only_new}
    rows = {"before": 25_000, "during": 10_000, "after": 5_000}
    return {"pairs": pairs} | {name: {"right": right[name], "rows": rows[name]} for name in rows}


def test_half_of_the_loss_has_to_be_regained() -> None:
    figures = recovery(counted(only_new=240, only_old=120))

    assert (figures["loss"], figures["regained"], figures["partRegained"]) == (0.04, 0.024, 0.6)
    assert figures["accuracyOfFirstVersionAfter"] == 0.9
    assert 0 < float(str(figures["regainedLow"])) < 0.024 < float(str(figures["regainedHigh"]))


@pytest.mark.parametrize(
    ("only_new", "only_old"),
    [pytest.param(200, 110, id="less than half"), pytest.param(0, 0, id="the same answers")],
)
def test_less_is_no_recovery(only_new: int, only_old: int) -> None:
    with pytest.raises(StoryError, match="is regained"):
        recovery(counted(only_new=only_new, only_old=only_old))


def test_labels_are_those_that_the_trigger_rests_on() -> None:
    told = "2880 rows of version 5; BalancedAccuracy 0.8930, on the reference 0.9336; 1200 labels of version 5"

    assert labels_in(told) == 1200
    with pytest.raises(StoryError, match="nothing of labels"):
        labels_in("2880 rows of version 5")
