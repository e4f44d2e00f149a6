"""When a training starts, and when it does not: each with the reason that users read."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leeboard.api.conditions import ConditionStatus
from leeboard.api.reasons_retraining import RetrainingEvent, RetrainingReason
from leeboard.api.retraining_status import RetrainingStatus, TrainingOutcome, TriggerKind
from leeboard.planning.facts import Unknown
from leeboard.planning.retraining.memory import training_job_name
from leeboard.planning.retraining.signs import Candidate, Finding, NotYet, Request, Signs, Training, Verdicts
from tests.unit.planning.retraining.builders import BOTH, DRIFT, LOSS, NOW, ON_DRIFT, SERVICE, World, spec

DATA = "https://data.example.com/loans.csv"


def reason(world: World, **changes: object) -> str:
    return world.see(**changes).judgement.reason


def test_drift_and_a_loss_start_a_training_that_says_why() -> None:
    world = World()
    decision = world.see(verdicts=BOTH)
    trigger = world.memory.trigger
    assert trigger is not None
    assert (trigger.kind, trigger.id, trigger.by) == (TriggerKind.DRIFT, f"Drift/{DRIFT.key}/1", "")
    assert trigger.evidence == f"{DRIFT.evidence}; {LOSS.evidence}"
    assert trigger.training_job == training_job_name(SERVICE, trigger.id)
    assert decision.judgement.status is ConditionStatus.TRUE
    assert [notice.reason for notice in decision.notices] == [RetrainingEvent.TRIGGERED]


@pytest.mark.parametrize(
    ("mode", "verdicts", "expected"),
    [
        ("DriftAndPerformance", Verdicts(drift=DRIFT), RetrainingReason.NO_TRIGGER),
        ("DriftAndPerformance", Verdicts(performance=LOSS), RetrainingReason.NO_TRIGGER),
        ("DriftAndPerformance", Verdicts(drift=DRIFT, performance=NotYet("613 more")), RetrainingReason.LABELS_NEEDED),
        ("DriftAndPerformance", Verdicts(performance=NotYet("613 more")), RetrainingReason.NO_TRIGGER),
        ("DriftAndPerformance", Verdicts(DRIFT, Unknown("no pod answers")), RetrainingReason.NOT_OBSERVED),
        ("DriftOnly", Verdicts(drift=DRIFT), RetrainingReason.TRAINING),
        ("DriftOnly", Verdicts(drift=DRIFT, performance=NotYet("613 more")), RetrainingReason.TRAINING),
        ("DriftOnly", Verdicts(performance=LOSS), RetrainingReason.NO_TRIGGER),
        ("DriftOnly", Unknown("no pod answers"), RetrainingReason.NOT_OBSERVED),
        ("PerformanceOnly", Verdicts(performance=LOSS), RetrainingReason.TRAINING),
        ("PerformanceOnly", Verdicts(drift=DRIFT, performance=NotYet("613 more")), RetrainingReason.LABELS_NEEDED),
        ("PerformanceOnly", Verdicts(drift=DRIFT), RetrainingReason.NO_TRIGGER),
    ],
)
def test_a_mode_asks_for_its_own_evidence(mode: str, verdicts: Verdicts | Unknown, expected: RetrainingReason) -> None:
    world = World(spec(triggers=[{"drift": {"mode": mode}}]))
    assert reason(world, verdicts=verdicts) == expected
    assert (world.memory.trigger is not None) == (expected is RetrainingReason.TRAINING)


def test_what_is_not_known_is_no_verdict() -> None:
    world = World()
    assert world.see(verdicts=Unknown("no pod answers")).judgement.status is ConditionStatus.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "signs", "expected"),
    [
        ({"suspend": True}, {}, RetrainingReason.SUSPENDED),
        ({}, {"is_rolling_out": True}, RetrainingReason.ROLLOUT_UNDER_WAY),
        ({}, {"verdicts": replace(BOTH, mismatch="the first windows differ")}, RetrainingReason.REFERENCE_MISMATCH),
        ({}, {"verdicts": replace(BOTH, veto="30 % of income are null")}, RetrainingReason.QUALITY_VETO),
        ({}, {"data": DATA}, RetrainingReason.DATA_NOT_READABLE),
        ({}, {"data": DATA, "marks": {DATA: Unknown("503")}}, RetrainingReason.DATA_NOT_READABLE),
    ],
)
def test_a_guard_objects_and_says_so(fields: dict[str, Any], signs: dict[str, Any], expected: RetrainingReason) -> None:
    world = World(spec(**ON_DRIFT, **fields))
    decision = world.see(**{"verdicts": BOTH, **signs})
    assert (decision.judgement.reason, world.memory.trigger) == (expected, None)
    assert "suppressed" in decision.judgement.message


def test_cooldown_counts_from_the_end_of_the_last_training() -> None:
    world = World(spec(triggers=[{"schedule": {"cron": "0 * * * *"}}], budget={"perDay": 24, "perWeek": 100}))
    world.see()
    world.later(hours=1).see()
    world.later(hours=6).train()
    assert reason(world.later(hours=23)) == RetrainingReason.COOLING_DOWN
    assert reason(world.later(hours=1)) == RetrainingReason.TRAINING


def test_the_budget_holds_whatever_asks() -> None:
    world = World(
        spec(triggers=[{"schedule": {"cron": "0 * * * *"}}], cooldown="1h", budget={"perDay": 2, "perWeek": 3})
    )
    world.see()
    started: list[datetime] = []
    for _ in range(24 * 7 - 1):
        world.later(hours=1)
        before = world.memory.starts
        world.see()
        if world.memory.starts != before and world.memory.trigger and world.memory.trigger.outcome is None:
            started.append(world.now)
            world.train()
    assert len(started) == 3
    assert started[2] - started[0] > timedelta(hours=23)
    assert reason(world) == RetrainingReason.BUDGET_SPENT


def test_data_that_were_trained_on_are_not_trained_on_again() -> None:
    world = World()
    world.see(verdicts=BOTH, data=DATA, marks={DATA: "one"})
    world.train()
    world.later(days=3)
    assert reason(world) == RetrainingReason.NO_NEW_DATA
    assert reason(world, marks={DATA: "two"}) == RetrainingReason.TRAINING


def test_new_data_start_a_training_once() -> None:
    world = World(spec(triggers=[{"newData": {"uri": DATA}}]))
    assert reason(world, marks={DATA: "one"}) == RetrainingReason.NO_TRIGGER
    assert reason(world, marks={DATA: Unknown("503")}) == RetrainingReason.DATA_NOT_READABLE
    assert reason(world, marks={DATA: "two"}) == RetrainingReason.TRAINING
    world.train()
    assert reason(world.later(days=8)) == RetrainingReason.NO_TRIGGER
    assert world.memory.trigger is not None
    assert world.memory.trigger.id == "NewData/two/1"


def test_a_person_may_ask_and_is_answered() -> None:
    world = World(spec())
    assert world.see(request=Request("id-1", "ann")).refusal is None
    trigger = world.memory.trigger
    assert trigger is not None
    assert (trigger.kind, trigger.by, trigger.id) == (TriggerKind.ON_DEMAND, "ann", "OnDemand/id-1/1")
    refusal = world.see(request=Request("id-2", "ann")).refusal
    assert refusal == f"TrainingJob {trigger.training_job} is under way"


def test_a_training_job_that_vanishes_is_told_and_not_made_again() -> None:
    world = World()
    world.see(verdicts=BOTH)
    world.see()
    world.see()
    decision = world.see(training=None)
    assert world.memory.trigger is not None
    assert (world.memory.trigger.outcome, len(world.jobs)) == (TrainingOutcome.LOST, 1)
    assert [notice.reason for notice in decision.notices] == [RetrainingEvent.ENDED]
    assert reason(world.later(hours=1)) == RetrainingReason.COOLING_DOWN


def test_an_unknown_training_is_under_way() -> None:
    world = World()
    world.see(verdicts=BOTH)
    assert reason(world, training=Unknown("cache")) == RetrainingReason.TRAINING
    assert world.memory.trigger is not None
    assert world.memory.trigger.outcome is None


@pytest.mark.parametrize("candidate", [Candidate.PENDING, None])
def test_a_version_that_waits_for_a_person_keeps_the_next_training_waiting(candidate: Candidate | None) -> None:
    world = World()
    world.see(verdicts=BOTH)
    world.train(version="2")
    assert reason(world.later(days=8), candidate=candidate) == RetrainingReason.VERSION_PENDING
    assert world.memory.fruitless == 0


def test_missed_ticks_run_once() -> None:
    world = World(spec(triggers=[{"schedule": {"cron": "0 3 * * *", "timeZone": "Europe/Berlin"}}]))
    world.see()
    world.later(days=5).see()
    assert world.memory.trigger is not None
    assert world.memory.trigger.id == "Schedule/2026-03-07T02:00:00Z/1"
    world.train()
    assert reason(world.later(hours=12)) == RetrainingReason.NO_TRIGGER


def test_a_tick_that_a_guard_turns_down_comes_again() -> None:
    world = World(spec(triggers=[{"schedule": {"cron": "0 13 * * *"}}]))
    world.see()
    assert reason(world.later(hours=2), is_rolling_out=True) == RetrainingReason.ROLLOUT_UNDER_WAY
    assert reason(world.later(hours=1), is_rolling_out=False) == RetrainingReason.TRAINING


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ({"cron": "61 * * * *"}, "cron '61 * * * *'"),
        ({"cron": "0 0 31 2 *"}, "Bad day-of-month"),
        ({"cron": "0 0 * * *", "timeZone": "Europe/Atlantis"}, "Europe/Atlantis"),
    ],
)
def test_a_schedule_that_never_comes_is_said(schedule: dict[str, str], fault: str) -> None:
    decision = World(spec(triggers=[{"schedule": schedule}])).see()
    assert decision.judgement.reason == RetrainingReason.SCHEDULE_INVALID
    assert fault in decision.judgement.message


def test_a_fault_that_training_does_not_mend_ends_with_an_open_circuit() -> None:
    world, opened = World(), []
    for hour in range(30 * 24):
        window = Finding(f"{hour // 24}", DRIFT.evidence)
        decision = world.later(hours=1).see(verdicts=Verdicts(drift=window, performance=LOSS))
        opened += [notice for notice in decision.notices if notice.reason == RetrainingEvent.CIRCUIT_OPENED]
        if world.memory.trigger is not None and world.memory.trigger.outcome is None:
            world.train(version=str(hour + 1))
    assert (len(world.jobs), len(opened), world.memory.fruitless) == (3, 1, 3)
    assert reason(world) == RetrainingReason.CIRCUIT_OPEN

    world.later(days=8).see(request=Request("id-9", "ann"))
    assert (world.memory.circuit_open_since, world.memory.fruitless) == (None, 0)


def test_each_fruitless_training_doubles_the_cooldown_up_to_a_week() -> None:
    world = World(spec(**ON_DRIFT, budget={"perDay": 24, "perWeek": 100}))
    starts = []
    for _ in range(30 * 24):
        if reason(world.later(hours=1), verdicts=BOTH) == RetrainingReason.TRAINING:
            starts.append(world.now)
            world.train()
    assert [later - earlier for earlier, later in itertools.pairwise(starts)] == [
        timedelta(hours=48),
        timedelta(hours=96),
    ]


def test_a_healthy_window_after_the_training_starts_the_count_anew() -> None:
    world = World()
    world.see(verdicts=BOTH)
    world.train()
    world.later(hours=1).see()
    assert world.memory.fruitless == 1
    assert world.memory.trigger is not None
    world.see(verdicts=Verdicts(healthy_at="2026-03-02T11:00:00Z"))
    assert world.memory.fruitless == 1, "that window is older than the training"
    world.see(verdicts=Verdicts(healthy_at="2026-03-02T13:30:00Z"))
    assert world.memory.fruitless == 0


def test_every_pass_that_decides_nothing_leaves_the_memory_as_it_was() -> None:
    world = World(spec(**ON_DRIFT, budget={"perDay": 2, "perWeek": 3}))
    world.see(verdicts=BOTH)
    world.train()
    for _ in range(3):
        before = world.memory
        world.see()
        assert world.memory == before or before.fruitless == 0
    before = world.memory
    world.see()
    assert world.memory == before


def test_a_crash_between_decision_and_status_decides_the_same_again() -> None:
    one, other = World(signs=Signs(BOTH)), World(signs=Signs(BOTH), now=NOW + timedelta(seconds=20))
    one.see()
    other.see()
    assert one.memory.trigger is not None
    assert other.memory.trigger is not None
    assert one.memory.trigger.training_job == other.memory.trigger.training_job


def test_a_tick_at_the_change_of_the_clock_runs_once() -> None:
    schedule = {"cron": "30 2 * * *", "timeZone": "Europe/Berlin"}
    world = World(spec(triggers=[{"schedule": schedule}], cooldown="1m", budget={"perDay": 24, "perWeek": 100}))
    world.now = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    world.see()
    ticks = []
    for _ in range(4 * 24 * 3):
        if reason(world.later(minutes=15)) == RetrainingReason.TRAINING:
            ticks.append(world.now.isoformat())
            world.train()
    assert len(ticks) == 3
    assert world.memory.trigger is not None
    assert world.memory.trigger.outcome is TrainingOutcome.SUCCEEDED


def test_what_the_spec_names_no_more_is_forgotten() -> None:
    world = World(spec(triggers=[{"schedule": {"cron": "0 3 * * *"}}, {"newData": {"uri": DATA}}]))
    world.see(marks={DATA: "one"})
    assert (len(world.memory.ticks), len(world.memory.data)) == (1, 1)
    world.spec = spec(**ON_DRIFT)
    world.see()
    assert world.memory == RetrainingStatus()


def test_a_training_that_runs_is_neither_judged_nor_repeated() -> None:
    world = World()
    world.see(verdicts=BOTH)
    for _ in range(5):
        assert reason(world.later(days=2), training=Training()) == RetrainingReason.TRAINING
    assert (len(world.memory.starts), world.memory.fruitless) == (0, 0)


def test_three_trainings_that_brought_nothing_better_open_the_circuit_without_being_asked_again() -> None:
    world = World(spec(**ON_DRIFT, cooldown="1h", budget={"perDay": 24, "perWeek": 100}))
    for number in range(3):
        world.see(verdicts=BOTH)
        world.train(version=str(number + 2))
        world.see(verdicts=Verdicts(), candidate=Candidate.NOT_BETTER, evaluation=f"version {number + 2} is worse")
        assert world.memory.fruitless == number + 1
        assert world.memory.trigger is not None
        assert world.memory.trigger.evaluation == f"version {number + 2} is worse"
        world.signs = replace(world.signs, evaluation="")
        world.later(days=1)
    assert world.memory.circuit_open_since is not None
    assert world.told.count(RetrainingEvent.NOT_BETTER) == 3
    assert reason(world, verdicts=BOTH) == RetrainingReason.CIRCUIT_OPEN


def test_a_cooldown_is_doubled_as_soon_as_what_was_trained_is_not_better() -> None:
    world = World(spec(**ON_DRIFT, cooldown="24h", budget={"perDay": 24, "perWeek": 100}))
    world.see(verdicts=BOTH)
    world.train()
    world.see(candidate=Candidate.NOT_BETTER, evaluation="version 2 is worse")
    world.later(hours=30)
    found = world.see().judgement
    assert found.reason == RetrainingReason.COOLING_DOWN
    assert "and brought nothing better; until 2026-03-04T12:00:00Z" in found.message
    world.later(hours=20)
    assert reason(world) == RetrainingReason.TRAINING
