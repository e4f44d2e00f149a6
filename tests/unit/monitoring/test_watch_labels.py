"""Late labels of one service: read once, ripened by the hour, said as a metric beside the reference's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leeboard.api.monitoring_status import PerformanceStatus, PerformanceVerdict
from leeboard.monitoring.cells import Cursor, LabelEntry, PodLabels, Served
from leeboard.monitoring.performance import Standing
from leeboard.monitoring.watch import Watch, cursors
from tests.support.profiles import Reference, Rows, reference_of
from tests.support.verdicts import NOON
from tests.unit.monitoring.test_cohorts import token
from tests.unit.monitoring.watched import Service

HOUR = 600


def lent(seed: int, count: int, *, wrong: float) -> Rows:
    """One input, a prediction, and a label that the prediction misses so often."""
    random = np.random.default_rng(seed)
    labels = (random.random(count) < 0.6).astype(int)
    predicted = np.where(random.random(count) < wrong, 1 - labels, labels)
    return Rows({"value": random.normal(size=count)}, score=random.random(count), predicted=predicted, labels=labels)


REFERENCE: Reference = reference_of(lent(1, 8000, wrong=0.06))


def told(service: Service, rows: Rows, *, before: PodLabels | None) -> PodLabels:
    """All labels of the hour that begins now come at once, with what was told before."""
    assert rows.labels is not None
    assert rows.predicted is not None
    start = int(service.now.timestamp()) // 3600 * 3600
    known = 0 if before is None else before.cursor
    entries = [
        LabelEntry(known + place + 1, token(known + place), start + 5, 0, int(predicted), None, float(label))
        for place, (predicted, label) in enumerate(zip(rows.predicted, rows.labels, strict=True))
    ]
    served = {start: Served(len(rows), tuple(np.bincount(rows.predicted, minlength=2).tolist()))}
    return PodLabels("r1-a", "r1", "1", known + len(rows), tuple(entries), served)


def after_hours(hours: int, *, wrong: float) -> Service:
    service = Service(references={"r1": REFERENCE})
    service.poll()
    for hour in range(hours):
        rows = lent(10 + hour, HOUR, wrong=wrong)
        service.serve("r1-a", rows)
        service.labels["r1-a"] = told(service, rows, before=service.labels.get("r1-a"))
        service.poll()
        service.poll(hours=1)
    service.poll(hours=0.2)
    return service


def performance(watch: Watch) -> PerformanceStatus:
    found = watch.reports["r1"].performance
    assert found is not None
    return found


def test_every_standing_can_be_reported() -> None:
    assert [one.value for one in PerformanceVerdict] == [one.value for one in Standing]


def test_a_loss_is_said_with_its_numbers() -> None:
    found = performance(after_hours(6, wrong=0.2).watch)
    assert (found.verdict, found.metric, found.revision) == ("Worse", "BalancedAccuracy", "r1")
    assert float(found.reference) == pytest.approx(0.94, abs=0.01)
    assert float(found.value or 0) == pytest.approx(0.8, abs=0.03)
    assert found.labels == 6 * HOUR


def test_a_version_that_does_as_well_as_ever_is_not_worse() -> None:
    found = performance(after_hours(4, wrong=0.06).watch)
    assert (found.verdict, found.labels) == ("Unproven", 4 * HOUR)


def test_nothing_is_said_before_an_hour_of_labels_is_over() -> None:
    service = Service(references={"r1": REFERENCE})
    service.poll()
    rows = lent(10, HOUR, wrong=0.2)
    service.serve("r1-a", rows)
    service.labels["r1-a"] = told(service, rows, before=None)
    assert service.poll(hours=0.5).reports == {}


def test_labels_are_asked_for_from_where_they_were_read_also_after_a_restart() -> None:
    service = after_hours(2, wrong=0.06)
    assert cursors(service.watch) == {"r1-a": Cursor("1", 2 * HOUR)}
    again = Watch.from_data(service.watch.to_data())
    assert again is not None
    assert cursors(again) == cursors(service.watch)
    assert performance(again) == performance(service.watch)


def test_ripened_labels_have_to_be_written() -> None:
    service = after_hours(2, wrong=0.06)
    report = service.watch.reports["r1"]
    later = performance(service.watch).model_copy(update={"until": "2026-11-21T23:00:00Z"})
    after = replace(service.watch, reports={"r1": replace(report, performance=later)})
    assert after.mark != service.watch.mark
    assert service.now > NOON
