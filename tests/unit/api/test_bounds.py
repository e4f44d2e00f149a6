"""What others wrote is cut, what users write is refused."""

import pytest
from pydantic import ValidationError

from leeboard.api.conditions import Condition, ConditionStatus
from leeboard.api.model_version import ColumnSchema, Signature
from leeboard.api.training_job import Dataset, Failure, FailureClass, Metric, TrainingJobStatus


def test_a_long_message_is_cut_with_an_ellipsis() -> None:
    failure = Failure(class_=FailureClass.CODE_ERROR, reason="ExitCode", message="x" * 2000)

    assert failure.message == "x" * 1023 + "…"


def test_a_message_at_the_limit_stays_whole() -> None:
    failure = Failure(class_=FailureClass.CODE_ERROR, reason="ExitCode", message="x" * 1024)

    assert failure.message == "x" * 1024


def test_a_log_keeps_its_last_lines() -> None:
    lines = tuple(str(number) for number in range(30))

    failure = Failure(class_=FailureClass.CODE_ERROR, reason="ExitCode", message="", last_log_lines=lines)

    assert failure.last_log_lines == lines[10:]


def test_a_log_line_is_cut() -> None:
    failure = Failure(class_=FailureClass.CODE_ERROR, reason="ExitCode", message="", last_log_lines=("x" * 5000,))

    assert failure.last_log_lines == ("x" * 1023 + "…",)


def test_a_status_keeps_the_first_metrics() -> None:
    metrics = tuple(Metric(name=f"m{number:03}", value="1") for number in range(100))

    assert TrainingJobStatus(metrics=metrics).metrics == metrics[:64]


def test_a_wide_signature_keeps_its_first_columns() -> None:
    columns = tuple(ColumnSchema(name=f"c{number}", type="double") for number in range(2000))

    assert Signature(inputs=columns).inputs == columns[:1024]


def test_what_a_user_writes_is_not_cut() -> None:
    with pytest.raises(ValidationError):
        Dataset(name="x" * 129)


def test_a_condition_takes_its_camel_case_names() -> None:
    stated = {
        "type": "Ready",
        "status": "Unknown",
        "reason": "Waiting",
        "message": "",
        "observedGeneration": 2,
        "lastTransitionTime": "2026-11-21T10:00:00Z",
    }

    assert Condition.model_validate(stated) == Condition(
        type="Ready",
        status=ConditionStatus.UNKNOWN,
        reason="Waiting",
        observed_generation=2,
        last_transition_time="2026-11-21T10:00:00Z",
    )
