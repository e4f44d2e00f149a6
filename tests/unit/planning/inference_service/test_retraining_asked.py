"""Who else asks for a training, people, clock and data, and what keeps a TrainingJob from being made."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.api.conditions import ConditionType
from leeboard.planning.facts import Rejection
from tests.unit.planning.inference_service.retrained import TEMPLATE, drifting, end, made, said, served, told
from tests.unit.planning.inference_service.rolling import ask


def test_a_person_is_answered_with_the_name_of_the_training_job() -> None:
    cluster = served({})
    answer = ask(cluster, "retrain")
    trigger = cluster.resource.status.retraining.trigger  # type: ignore[union-attr]
    assert trigger is not None
    assert (answer, trigger.by, trigger.kind) == (f"Done: TrainingJob {trigger.training_job}", "ann", "OnDemand")
    cluster.advance(3)
    (job,) = made(cluster)
    assert job["spec"] == TEMPLATE["spec"]
    assert job["metadata"]["annotations"]["leeboard.dev/trigger-actor"] == "ann"


def test_a_person_is_refused_with_the_guards_sentence() -> None:
    cluster = served({"suspend": True})
    assert ask(cluster, "retrain") == "Refused: spec.retraining.suspend is true"
    cluster.advance(2)
    assert made(cluster) == []


def test_a_second_request_within_the_cooldown_is_refused_until_when() -> None:
    cluster = served({})
    ask(cluster, "retrain")
    cluster.advance(3)
    end(cluster, made(cluster)[0], outcome="Failed")
    cluster.advance(2)
    assert ask(cluster, "retrain", identity="again").startswith("Refused: the last training ended 2026-03-01T12:")


def test_without_retraining_in_the_spec_a_person_is_told_where_to_name_it() -> None:
    cluster = served(None)
    assert ask(cluster, "retrain") == (
        "Refused: spec.retraining is not set: name a TrainingJob in spec.retraining.trainingJobRef"
    )
    assert said(cluster) == "absent"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (None, "names TrainingJob train-car-loan, which does not exist in this namespace"),
        ({**TEMPLATE, "spec": {**TEMPLATE["spec"], "model": "other"}}, "which trains other, not car-loan"),
        ({**TEMPLATE, "spec": {**TEMPLATE["spec"], "dataset": {"digest": "sha256:1"}}}, "spec.dataset.digest pins"),
    ],
)
def test_a_template_that_cannot_be_used_is_told_with_its_path(template: dict[str, Any] | None, sentence: str) -> None:
    cluster = drifting()
    del cluster.trainings["train-car-loan"]
    if template is not None:
        cluster.trainings["train-car-loan"] = template
    cluster.advance(2)
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert (found.reason, made(cluster)) == ("TemplateInvalid", [])
    assert found.message.startswith("spec.retraining.trainingJobRef ")
    assert sentence in found.message
    assert ask(cluster, "retrain").startswith("Refused: spec.retraining.trainingJobRef ")


def test_a_refused_training_job_is_told_and_does_not_stop_the_service() -> None:
    cluster = drifting()
    cluster.reconcile()
    name = cluster.resource.status.retraining.trigger.training_job  # type: ignore[union-attr]
    generation = cluster.resource.metadata.generation
    cluster.rejections = (Rejection(403, "quota exceeded", "TrainingJob", name, generation),)
    cluster.advance(2)
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert (found.reason, found.message) == (
        "TemplateInvalid",
        f"the API server refuses TrainingJob {name}: quota exceeded",
    )
    assert said(cluster, ConditionType.STALLED) == "False/NotStalled"
    assert made(cluster) == []
    cluster.rejections = ()
    cluster.advance(2)
    assert len(made(cluster)) == 1


def test_the_clock_asks_for_a_training_when_it_is_due_and_is_looked_at_then() -> None:
    cluster = served({"triggers": [{"schedule": {"cron": "1 12 * * *"}}]})
    cluster.reconcile()
    due = cluster.reconcile().requeue_after
    assert due is not None
    assert (cluster.now + due).strftime("%H:%M:%S") == "12:01:00"
    cluster.tick += int(due.total_seconds())
    cluster.advance(2)
    assert [job["spec"] for job in made(cluster)] == [TEMPLATE["spec"]]


def test_new_data_ask_for_a_training_once() -> None:
    uri = "https://data.example/loans.csv"
    cluster = served({"triggers": [{"newData": {"uri": uri}}]})
    cluster.marks[uri] = "a"
    cluster.advance(2)
    assert made(cluster) == []
    cluster.marks[uri] = "b"
    cluster.advance(5)
    assert len(made(cluster)) == 1
