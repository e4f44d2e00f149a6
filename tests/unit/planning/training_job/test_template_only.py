"""A TrainingJob that only services train by."""

from __future__ import annotations

from leeboard.planning.training_job import Needs, needs
from tests.support.builders_training import facts, following, planned, status_of, training
from tests.support.plans import said


def test_it_trains_nothing_asks_nothing_and_is_ready() -> None:
    resource = training(templateOnly=True)
    made = planned(resource, facts())
    assert (made.writes, made.actions, made.notices, made.requeue_after) == ((), (), (), None)
    assert said(made) == {
        "Ready": "True/TemplateOnly",
        "Reconciling": "False/TemplateOnly",
        "Stalled": "False/NotStalled",
        "Succeeded": "Unknown/NotEnded",
        "TrackingReady": "Unknown/NotObserved",
    }
    assert needs(resource) == Needs()
    assert planned(following(resource, facts()), facts()).status == status_of(made)


def test_a_fault_of_its_template_is_told_at_once() -> None:
    template = {"spec": {"containers": [{"name": "train", "image": "trainer:1"}], "hostNetwork": True}}
    assert said(planned(training(templateOnly=True, template=template), facts()))["Stalled"] == "True/InvalidTemplate"
