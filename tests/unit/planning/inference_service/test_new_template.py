"""Another spec of the TrainingJob that is named asks for a training, once, by the guards of all triggers."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.api.conditions import ConditionType
from leeboard.planning.retraining.facts import mark_of
from tests.unit.planning.inference_service.retrained import TEMPLATE, end, made, said, served, told
from tests.unit.planning.inference_service.simulation import SimulatedCluster

ON_TEMPLATE = {"triggers": [{"newTemplate": {}}], "cooldown": "1m", "budget": {"perDay": 24, "perWeek": 100}}


def a_template(
    image: str = "trainer:1", *, uid: str = "uid-template", only: bool = True, **spec: object
) -> dict[str, Any]:
    """The TrainingJob of the spec, as somebody made it."""
    pod = {"spec": {"containers": [{"name": "train", "image": image}]}}
    fields = {"model": "car-loan", "template": pod, **({"templateOnly": True} if only else {}), **spec}
    return {**TEMPLATE, "metadata": {**TEMPLATE["metadata"], "uid": uid}, "spec": fields}


def replaced(cluster: SimulatedCluster, template: dict[str, Any]) -> None:
    """Somebody made the TrainingJob anew; the operator looks."""
    cluster.trainings["train-car-loan"] = template
    cluster.advance(3)


def a_service_with(template: dict[str, Any]) -> SimulatedCluster:
    cluster = served(ON_TEMPLATE)
    replaced(cluster, template)
    assert made(cluster) == []
    return cluster


@pytest.mark.parametrize(
    "change",
    [
        {"image": "trainer:2"},
        {"parameters": {"depth": "5"}},
        {"dataset": {"name": "loans", "uri": "s3://loans/2027"}},
        {"source": {"git": {"repository": "https://git.example/loans", "revision": "abc"}}},
    ],
    ids=["image", "parameters", "data", "code"],
)
def test_another_spec_is_trained_by_once(change: dict[str, Any]) -> None:
    cluster = a_service_with(a_template())
    replaced(cluster, a_template(uid="uid-2", **change))
    (job,) = made(cluster)
    wanted = a_template(**change)["spec"]
    del wanted["templateOnly"]
    assert job["spec"] == wanted
    assert job["metadata"]["annotations"]["leeboard.dev/trigger"].startswith("NewTemplate/")
    end(cluster, job, outcome="Failed")
    cluster.advance(200)
    assert (len(made(cluster)), said(cluster)) == (1, "False/NoTrigger")


@pytest.mark.parametrize(
    "again",
    [{}, {"modelVersion": {"approval": "Manual"}}, {"parameters": {}}],
    ids=["the same", "another approval", "a default written out"],
)
def test_the_same_training_made_anew_is_no_other_one(again: dict[str, Any]) -> None:
    cluster = a_service_with(a_template())
    replaced(cluster, a_template(uid="uid-2", **again))
    assert (made(cluster), said(cluster)) == ([], "False/NoTrigger")
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert memory.trained_template is not None
    assert memory.trained_template.uid == "uid-2"


def test_a_template_that_comes_back_is_another_occasion() -> None:
    cluster = a_service_with(a_template("trainer:1"))
    for number, image in enumerate(("trainer:2", "trainer:1", "trainer:2"), start=1):
        replaced(cluster, a_template(image, uid=f"uid-{image}"))
        jobs = made(cluster)
        assert len(jobs) == number
        end(cluster, jobs[-1], outcome="Failed")
        cluster.advance(90)
    assert len({job["metadata"]["name"] for job in made(cluster)}) == 3


def test_a_guard_that_objects_is_told_and_the_wish_comes_again() -> None:
    cluster = a_service_with(a_template())
    spec = cluster.resource.spec
    assert spec.retraining is not None
    paused = spec.retraining.model_copy(update={"suspend": True})
    cluster.change(cluster.resource.model_copy(update={"spec": spec.model_copy(update={"retraining": paused})}))
    replaced(cluster, a_template("trainer:2", uid="uid-2"))
    assert (made(cluster), said(cluster)) == ([], "False/Suspended")
    cluster.change(cluster.resource.model_copy(update={"spec": spec}))
    cluster.advance(3)
    assert len(made(cluster)) == 1


def test_one_that_trains_by_itself_is_not_trained_by_again_and_it_is_said() -> None:
    cluster = a_service_with(a_template(only=False))
    replaced(cluster, a_template("trainer:2", uid="uid-2", only=False))
    assert (made(cluster), said(cluster)) == ([], "False/TemplateInvalid")
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert "Next: name one with spec.templateOnly: true" in found.message


def test_by_the_cache_alone_which_keeps_no_pod_template_nothing_is_said_of_another_one() -> None:
    whole = a_template()
    known = mark_of(whole, known=None)
    assert known is not None
    slim = {**whole, "spec": {key: value for key, value in whole["spec"].items() if key != "template"}}
    other = {**slim, "metadata": {**slim["metadata"], "uid": "uid-2"}}
    assert mark_of(slim, known=known) == known
    assert mark_of(other, known=known) is None
