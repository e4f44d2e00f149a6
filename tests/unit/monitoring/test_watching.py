"""A service over its hours: rows through pods, labels late, the world changes, the operator restarts at every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from leeboard.monitoring.cells import Cells, LabelEntry, PodCells, PodLabels, Served
from leeboard.monitoring.drift import DEFAULTS, QualityVerdict, Verdict
from leeboard.monitoring.memory import Memory
from leeboard.monitoring.performance import Standing
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.reports import HOUR
from leeboard.monitoring.watching import Conclusions, concluded, labelled, polled, promoted
from tests.support.profiles import Reference, Rows, reference_of
from tests.unit.monitoring.test_cohorts import token

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
SETTINGS = replace(DEFAULTS, period=timedelta(hours=1), label_age=timedelta(hours=6))
ROWS = 600


def lent(random: np.random.Generator, rows: int, *, shift: float = 0.0, wrong: float = 0.06) -> Rows:
    """Two inputs, of which one moves; a label that the prediction misses more or less often."""
    labels = (random.random(rows) < 0.6).astype(int)
    predicted = np.where(random.random(rows) < wrong, 1 - labels, labels)
    columns = {"value": random.normal(size=rows) + shift, "ratio": random.normal(size=rows)}
    return Rows(columns, score=random.random(rows), predicted=predicted, labels=labels)


@dataclass
class Service:
    """Two pods that take turns, one revision; labels come two hours after the predictions."""

    reference: Reference
    memory: Memory = field(default_factory=Memory)
    hour: int = 0
    answered: int = 0
    restarts_every_hour: bool = True
    pods: dict[str, Cells] = field(default_factory=dict)
    late: list[tuple[int, PodLabels]] = field(default_factory=list)

    @property
    def profile(self) -> Profile:
        return self.reference.profile

    @property
    def now(self) -> datetime:
        return MIDNIGHT + timedelta(hours=self.hour, seconds=20)

    def begin(self) -> None:
        self.pods = {"a": self.profile.empty, "b": self.profile.empty}
        self.poll()

    def poll(self) -> None:
        pods = {name: PodCells(name, "r1", "1", self.profile.digest, cells) for name, cells in self.pods.items()}
        self.memory = polled(self.memory, dict(pods), profiles={"r1": self.profile}, now=self.now)

    def serve(self, rows: Rows) -> None:
        """One hour of requests and their labels in two hours."""
        assert rows.labels is not None
        assert rows.predicted is not None
        half = len(rows) // 2
        for name, part in (("a", slice(0, half)), ("b", slice(half, None))):
            self.pods[name] += self.reference.window(rows.part(part))
        start = int((MIDNIGHT + timedelta(hours=self.hour)).timestamp())
        entries = [
            LabelEntry(place, token(self.answered + place), start + 5, 0, int(predicted), None, float(label))
            for place, (predicted, label) in enumerate(zip(rows.predicted, rows.labels, strict=True))
        ]
        self.answered += len(rows)
        served = {start: Served(len(rows), tuple(np.bincount(rows.predicted, minlength=2).tolist()))}
        self.late.append((self.hour + 2, PodLabels("a", "r1", "1", self.answered, tuple(entries), served)))
        self.hour += 1

    def conclude(self) -> Conclusions:
        """Poll, read labels, judge; then the operator restarts."""
        self.poll()
        due = [told for hour, told in self.late if hour <= self.hour]
        self.late = [one for one in self.late if one[0] > self.hour]
        self.memory = labelled(self.memory, due, now=self.now, settings=SETTINGS)
        self.memory, found = concluded(self.memory, profiles={"r1": self.profile}, now=self.now, settings=SETTINGS)
        if self.restarts_every_hour:
            again = Memory.from_text(self.memory.to_text())
            assert again == self.memory
            self.memory = again
        return found


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(lent(np.random.default_rng(1), 8000))


def hours(
    service: Service, *, before: int, after: int, shift: float, wrong: float
) -> Iterator[tuple[int, Conclusions]]:
    """What is concluded in each hour; the world changes after ``before`` of them."""
    random = np.random.default_rng(2)
    service.begin()
    for hour in range(before + after):
        is_after = hour >= before
        service.serve(lent(random, ROWS, shift=shift if is_after else 0.0, wrong=wrong if is_after else 0.06))
        yield hour, service.conclude()


def test_a_change_is_drift_and_then_a_loss_and_both_say_since_when(reference: Reference) -> None:
    service = Service(reference)
    rulings, proofs = {}, {}
    for hour, found in hours(service, before=6, after=10, shift=0.9, wrong=0.2):
        assert found.quality["r1"].quality.verdict is QualityVerdict.GOOD
        rulings[hour] = found.drift["r1"].ruling
        if "r1" in found.labels:
            proofs[hour] = found.labels["r1"]
    verdicts = [one.verdict for one in rulings.values()]
    assert verdicts[:9] == [Verdict.STABLE] * 6 + [Verdict.SUSPECTED] * 2 + [Verdict.DRIFT]
    assert rulings[8].drifted == ("value",)
    assert rulings[8].since == MIDNIGHT + timedelta(hours=6, seconds=20)
    since = [hour for hour, one in proofs.items() if one.since is not None]
    worse = [hour for hour in since if (one := proofs[hour].since) is not None and one.standing is Standing.WORSE]
    assert min(since) >= 8
    assert worse
    assert service.memory.suspicions["r1"].since == rulings[8].since
    first = proofs[worse[0]].since
    assert first is not None
    assert first.value is not None
    assert (first.reference - first.value) == pytest.approx(0.14, abs=0.05)


def test_a_new_meaning_of_the_same_inputs_is_a_loss_without_drift(reference: Reference) -> None:
    service = Service(reference)
    standings = []
    for _, found in hours(service, before=6, after=8, shift=0.0, wrong=0.2):
        assert found.drift["r1"].ruling.verdict is Verdict.STABLE
        if (one := found.labels.get("r1")) is not None:
            assert one.since is None
            standings.append(None if one.watch is None else one.watch.standing)
    assert standings[:4] == [Standing.UNPROVEN] * 4
    assert standings[-1] is Standing.WORSE


def test_an_operator_that_never_restarted_concludes_the_same(reference: Reference) -> None:
    runs = []
    for restarts in (True, False):
        service = Service(reference, restarts_every_hour=restarts)
        found = [one for _, one in hours(service, before=2, after=6, shift=0.9, wrong=0.2)]
        runs.append(([one.drift["r1"].ruling for one in found], service.memory))
    assert runs[0] == runs[1]


def test_labels_of_a_version_that_is_not_watched_are_not_kept(reference: Reference) -> None:
    service = Service(reference)
    service.begin()
    told = PodLabels("z", "r9", "1", 1, (LabelEntry(1, token(1), int(service.now.timestamp()), 0, 1, None, 1.0),))
    after = labelled(service.memory, [told], now=service.now, settings=SETTINGS)
    assert after == service.memory


def test_after_a_promotion_the_votes_of_the_version_begin_anew(reference: Reference) -> None:
    service = Service(reference)
    for _ in hours(service, before=0, after=4, shift=0.9, wrong=0.2):
        pass
    assert service.memory.votes["r1"].ballots.shape[0] == 4
    fresh = promoted(service.memory, "r1")
    assert (fresh.votes, fresh.performance, fresh.suspicions) == ({}, {}, {})
    assert fresh.windows.revisions["r1"].season.cells.rows == 0
    assert fresh.cohorts == service.memory.cohorts


def test_another_profile_of_a_version_forgets_what_was_judged_with_the_first(reference: Reference) -> None:
    service = Service(reference)
    for _ in hours(service, before=0, after=3, shift=0.9, wrong=0.2):
        pass
    other = replace(service.profile, digest="sha256:other")
    after = polled(service.memory, {}, profiles={"r1": other}, now=service.now)
    assert (after.votes, after.cohorts, after.performance, after.suspicions) == ({}, {}, {}, {})


def test_nothing_is_concluded_between_windows(reference: Reference) -> None:
    service = Service(reference)
    service.begin()
    assert service.conclude() == Conclusions()
    assert service.now.timestamp() % HOUR == 20
