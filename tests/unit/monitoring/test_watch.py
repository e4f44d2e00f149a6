"""From counters to verdicts of one service, over promotions, rollbacks, restarts and missing profiles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leeboard.api import monitoring_status as told
from leeboard.monitoring.drift.verdict import Standing
from leeboard.monitoring.reporting import STANDINGS
from leeboard.monitoring.watch import MEMORY, REPORTS, Watch
from tests.unit.monitoring.watched import NEXT, PROFILE, REFERENCE, ROWS, Service, rows


def drift_of(watch: Watch, revision: str = "r1") -> told.DriftStatus:
    drift = watch.reports[revision].drift
    assert drift is not None
    return drift


def drifting() -> Service:
    """Four quiet days, then three that differ."""
    service = Service()
    service.poll()
    for seed in range(10, 14):
        service.day(seed)
    for seed in range(14, 17):
        service.day(seed, shift=1.5)
    return service


def test_every_standing_of_the_judges_can_be_reported() -> None:
    assert set(STANDINGS) == set(Standing)


def test_nothing_is_said_before_the_first_window_ends() -> None:
    service = Service()
    service.poll()
    service.serve("r1-a", rows(3))
    watch = service.poll(hours=0.5)
    assert watch.reports == {}


def test_quiet_days_are_stable_and_counted_whole() -> None:
    service = Service()
    service.poll()
    drift = drift_of(service.day(3))
    assert (drift.verdict, drift.rows, drift.revision, drift.profile) == ("Stable", ROWS, "r1", PROFILE.digest)
    assert (drift.since, drift.until) == ("2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z")
    assert service.watch.reports["r1"].healthy_at == "2026-11-22T12:00:00Z"


def test_drift_is_said_after_three_windows_and_names_the_feature_first() -> None:
    service = Service()
    service.poll()
    for seed in range(10, 14):
        service.day(seed)
    verdicts = [drift_of(service.day(seed, shift=1.5)).verdict for seed in range(14, 17)]
    drift = drift_of(service.watch)
    assert verdicts == ["Suspected", "Suspected", "Drift"]
    assert (drift.drifted, drift.features[0].name, drift.features[0].standing) == (
        ("car_value",),
        "car_value",
        "Drifted",
    )
    assert float(drift.features[0].psi or 0) > 1.0
    assert drift.drift_since == "2026-11-25T12:00:00Z"
    assert service.watch.reports["r1"].healthy_at == "2026-11-25T12:00:00Z"


def test_what_is_written_is_read_back_and_goes_on() -> None:
    service = drifting()
    again = Watch.from_data(service.watch.to_data())
    assert again is not None
    assert (again.mark, again.reports, again.was_stable) == (service.watch.mark, service.watch.reports, ("r1",))
    service.watch = again
    assert drift_of(service.day(17, shift=1.5)).rows == ROWS
    assert drift_of(service.watch).verdict == "Drift"


def test_what_cannot_be_read_is_nothing_rather_than_half() -> None:
    data = drifting().watch.to_data()
    for key in (MEMORY, REPORTS):
        assert Watch.from_data({**data, key: data[key].replace('"schema":1', '"schema":2')}) is None
        assert Watch.from_data({**data, key: data[key][:-1]}) is None
        assert Watch.from_data({name: text for name, text in data.items() if name != key}) is None


def test_the_mark_changes_with_windows_pods_and_roles_and_not_with_polls() -> None:
    service = Service()
    first = service.poll().mark
    service.serve("r1-a", rows(4))
    counted = service.poll(hours=0.1).mark
    ended = service.poll(hours=1).mark
    del service.counted["r1-a"]
    gone = service.poll(hours=0.1).mark
    service.stable = "r9"
    role = service.poll(hours=0.1).mark
    assert first == counted
    assert len({counted, ended, gone, role}) == 4


def test_no_window_ends_while_the_whole_profile_cannot_be_had() -> None:
    service = Service()
    service.poll()
    service.serve("r1-a", rows(4))
    service.poll(full={}, hours=24)
    assert service.watch.reports == {}
    assert drift_of(service.poll(hours=0.5)).rows == ROWS


def test_broken_data_are_said_within_the_hour_and_are_over_with_the_next() -> None:
    service = Service()
    service.poll()
    service.serve("r1-a", rows(5, nulls=0.3))
    broken = service.poll(hours=1).reports["r1"].quality
    service.serve("r1-a", rows(6))
    good = service.poll(hours=1).reports["r1"].quality
    assert broken is not None
    assert good is not None
    assert (broken.verdict, broken.faults[0].feature, broken.faults[0].fault) == ("Broken", "car_value", "null")
    assert (good.verdict, good.faults) == ("Good", ())


def test_a_canary_is_judged_apart_and_begins_anew_when_it_is_promoted() -> None:
    service = drifting()
    service.references["r2"] = NEXT
    service.poll(hours=0.1)
    for seed in range(20, 24):
        service.day(seed, pod="r2-a", shift=3.0)
    assert drift_of(service.watch, "r2").verdict in {"Drift", "ReferenceMismatch"}
    assert drift_of(service.watch, "r1").verdict == "Drift"
    service.stable = "r2"
    assert service.poll(hours=0.1).reports.keys() == {"r1"}
    assert drift_of(service.day(30, pod="r2-a", shift=1.5), "r2").verdict == "Stable"


def test_a_rollback_finds_what_was_known_of_the_version() -> None:
    service = drifting()
    service.references = {"r1": REFERENCE, "r2": NEXT}
    service.stable = "r2"
    service.poll(hours=0.1)
    service.day(40, pod="r2-a", shift=1.5)
    service.stable = "r1"
    service.poll(hours=0.1)
    assert service.watch.was_stable == ("r2", "r1")
    assert drift_of(service.watch, "r1").verdict == "Drift"
    assert drift_of(service.day(41, shift=1.5), "r1").verdict == "Drift"


def test_new_pods_of_the_same_version_keep_its_votes() -> None:
    service = drifting()
    service.references["r1b"] = REFERENCE
    service.poll(hours=0.1)
    service.stable = "r1b"
    service.poll(hours=0.1)
    assert drift_of(service.watch, "r1b").verdict == "Drift"
    assert drift_of(service.day(50, pod="r1b-a", shift=1.5), "r1b").verdict == "Drift"


def test_the_last_windows_of_a_feature_are_told_oldest_first_and_unknown_where_too_few_rows_came() -> None:
    service = Service()
    service.poll()
    for seed in (10, 11):
        service.day(seed)
    service.serve("r1-a", rows(12, count=600))
    service.settings = replace(service.settings, most_bias=0.001)
    service.poll(hours=24)
    service.settings = replace(service.settings, most_bias=0.02)
    again = Watch.from_data(service.watch.to_data())
    assert again is not None
    assert again.memory.trails == service.watch.memory.trails
    service.watch = again
    feature = drift_of(service.day(13, shift=1.5)).features[0]
    assert (feature.name, len(feature.last), feature.last[2]) == ("car_value", 4, "")
    assert max(map(float, feature.last[:2])) < 0.05
    assert float(feature.last[3]) == pytest.approx(float(feature.psi or 0), abs=0.001)


def test_twelve_windows_are_remembered_and_a_promotion_begins_anew() -> None:
    service = drifting()
    for seed in range(20, 30):
        service.day(seed)
    assert len(drift_of(service.watch).features[0].last) == 12
    service.references["r2"], service.stable = NEXT, "r2"
    service.poll(hours=1)
    assert len(drift_of(service.day(40, pod="r2-a", shift=1.5), "r2").features[0].last) == 1
