"""Merging judgements into conditions."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from leeboard.api.conditions import (
    Condition,
    ConditionStatus,
    ConditionType,
    Judgement,
    condition_of,
    is_true,
    merge_conditions,
    timestamp,
)

BEFORE = datetime(2026, 11, 21, 10, tzinfo=UTC)
NOW = BEFORE + timedelta(minutes=5)


def judged(status: ConditionStatus, reason: str = "Reason", message: str = "") -> Judgement:
    return Judgement(type=ConditionType.READY, status=status, reason=reason, message=message)


def stored(
    status: ConditionStatus, reason: str = "Reason", *, message: str = "", at: datetime, generation: int
) -> Condition:
    return Condition(
        type="Ready",
        status=status,
        reason=reason,
        message=message,
        observed_generation=generation,
        last_transition_time=timestamp(at),
    )


def test_a_new_condition_has_the_time_of_now() -> None:
    merged = merge_conditions((), [judged(ConditionStatus.UNKNOWN)], generation=1, now=NOW)

    assert merged == (stored(ConditionStatus.UNKNOWN, at=NOW, generation=1),)


def test_the_time_stays_while_only_reason_message_and_generation_change() -> None:
    old = (stored(ConditionStatus.FALSE, "Pulling", at=BEFORE, generation=1),)

    merged = merge_conditions(old, [judged(ConditionStatus.FALSE, "Running", "since 10:01")], generation=2, now=NOW)

    assert merged == (stored(ConditionStatus.FALSE, "Running", message="since 10:01", at=BEFORE, generation=2),)


def test_the_time_moves_when_the_status_flips() -> None:
    old = (stored(ConditionStatus.FALSE, at=BEFORE, generation=1),)

    merged = merge_conditions(old, [judged(ConditionStatus.TRUE)], generation=1, now=NOW)

    assert merged == (stored(ConditionStatus.TRUE, at=NOW, generation=1),)


def test_what_is_not_judged_any_more_is_gone() -> None:
    old = (stored(ConditionStatus.TRUE, at=BEFORE, generation=1),)

    assert merge_conditions(old, [], generation=1, now=NOW) == ()


@pytest.mark.parametrize(
    ("status", "true"),
    [(ConditionStatus.TRUE, True), (ConditionStatus.FALSE, False), (ConditionStatus.UNKNOWN, False)],
)
def test_only_true_is_true(status: ConditionStatus, true: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_true((stored(status, at=NOW, generation=1),), ConditionType.READY) is true


def test_an_absent_condition_is_not_true() -> None:
    assert condition_of((), ConditionType.READY) is None
    assert not is_true((), ConditionType.READY)


def test_times_are_written_in_utc_with_whole_seconds() -> None:
    moment = datetime(2026, 11, 21, 11, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))

    assert timestamp(moment) == "2026-11-21T10:00:00Z"
