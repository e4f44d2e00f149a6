"""The car-loan data, whose world changes at row 25,000, through the operator's own judges: one training, and recovery.

Model and training are those of examples/01-car-loan; its data are fetched once, as `make bench` does.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leeboard.planning.retraining.signs import Candidate
from tests.bench.drift_streams import CAR_LOAN_CHANGE, car_loan, car_loan_reference
from tests.bench.record import ROOT
from tests.support.profiles import Rows, reference_of
from tests.support.verdicts import NOON
from tests.unit.monitoring.scenarios.labelled import Labelling
from tests.unit.monitoring.scenarios.loop import HOURLY, LABELS, ON_BOTH, Loop

pytestmark = pytest.mark.integration
HOUR_ROWS, DELAY = 500, 1
LEARNT = 40_000


def trainer() -> ModuleType:
    """The example's training script."""
    specification = importlib.util.spec_from_file_location("train", ROOT / "examples" / "01-car-loan" / "train.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@dataclass
class Model:
    """One version."""

    train: ModuleType
    fitted: Any

    @classmethod
    def of(cls, train: ModuleType, rows: Rows) -> Model:
        model = train.build(max_depth=3, learning_rate=0.1, max_iter=60, random_state=0)
        return cls(train, model.fit(frame(train, rows), rows.labels))

    def answered(self, rows: Rows) -> Rows:
        """The rows with this version's answers."""
        score = self.fitted.predict_proba(frame(self.train, rows))[:, 1]
        return replace(rows, score=score, predicted=(score >= self.train.THRESHOLD).astype(int))

    def is_right(self, rows: Rows) -> np.ndarray:
        """By row."""
        answered = self.answered(rows)
        return np.asarray(answered.predicted == answered.labels)


def frame(train: ModuleType, rows: Rows) -> pd.DataFrame:
    columns = {**rows.features, "repaid_loan_on_prev_car": rows.features["repaid_loan_on_prev_car"].astype(str)}
    return pd.DataFrame(columns)[[*train.NUMBERS, *train.CATEGORIES]]


def row_at(moment: str | None) -> int:
    """The first row of the hour that began then."""
    assert moment is not None
    return int((datetime.fromisoformat(moment) - NOON) / timedelta(hours=1)) * HOUR_ROWS


def test_the_change_is_found_named_and_trained_away_by_exactly_one_training() -> None:
    train, before, live = trainer(), car_loan_reference(), car_loan(0).live
    champion = Model.of(train, before.part(slice(0, LEARNT)))
    reference = reference_of(champion.answered(before.part(slice(LEARNT, None))))
    loop = Loop(reference, retraining=ON_BOTH, monitoring={**HOURLY, **LABELS})
    labelling, answered = Labelling(loop, delay=DELAY), champion.answered(live)

    verdict, row = 0, 0
    for row in labelling.hours(answered, of=HOUR_ROWS):
        if loop.conditions["DriftDetected"] == "True/Drift" and not verdict:
            verdict = row
        if loop.jobs:
            break
    drift = loop.watch.reports["r1"].drift
    assert drift is not None
    assert CAR_LOAN_CHANGE < verdict <= 27_000
    assert drift.features[0].name == "car_value"
    assert loop.trigger is not None
    assert "car_value" in loop.trigger.evidence
    assert row - verdict <= 1000, "labels that ripened after the verdict"

    since = row_at(drift.drift_since)
    learnt = live.part(slice(since, row - DELAY * HOUR_ROWS))
    split = len(learnt) * 4 // 5
    candidate = Model.of(train, learnt.part(slice(0, split)))
    later, usual = live.part(slice(row, None)), live.part(slice(0, CAR_LOAN_CHANGE))
    right, was_right = candidate.is_right(later).astype(float), champion.is_right(later).astype(float)
    gained, loss = right - was_right, float(champion.is_right(usual).mean() - was_right.mean())
    error = float(gained.std(ddof=1)) / len(gained) ** 0.5
    assert loss > 0.03
    assert float(gained.mean()) - 1.96 * error > 0
    assert float(gained.mean()) >= loss / 2, "regains at least half"

    loop.world.train(version="2")
    loop.see(candidate=Candidate.SERVES)
    loop.promote(reference_of(candidate.answered(learnt.part(slice(split, None)))))
    labelling.waiting = []
    for _ in labelling.hours(candidate.answered(later), of=HOUR_ROWS):
        pass
    assert (len(loop.jobs), loop.conditions["DriftDetected"]) == (1, "False/Stable")
