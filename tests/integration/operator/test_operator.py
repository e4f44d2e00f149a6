"""The operator with its real kinds: from a TrainingJob to the pod that fingerprints its model."""

import pytest

from tests.integration.conftest import StartOperator, eventually
from tests.integration.operator.world import World

pytestmark = pytest.mark.integration


def test_a_training_that_logs_one_model_becomes_one_model_version_with_a_fingerprint_job(
    world: World, start_operator: StartOperator
) -> None:
    start_operator().wait_until_leading()
    created = world.train("first")
    (job,) = eventually(world.jobs)
    (run,) = world.runs()
    logged = world.log_model(run)

    world.complete(job)

    (version,) = eventually(lambda: world.api.items(world.path("modelversions")))
    assert version["metadata"]["name"] == f"{world.model}-v1"
    assert version["spec"]["source"] == {"runID": run["info"]["run_id"], "modelURI": f"models:/{logged}"}
    assert version["spec"]["lineage"]["trainingJob"] == {
        "name": "first",
        "uid": created["metadata"]["uid"],
        "attempt": 1,
    }
    fingerprints = eventually(
        lambda: [one for one in world.jobs() if one["metadata"]["name"] != job["metadata"]["name"]]
    )
    assert [one["metadata"]["labels"]["leeboard.dev/kind"] for one in fingerprints] == ["ModelVersion"]
    eventually(lambda: world.condition("first", "Ready") == ("True", "Registered"))


def test_a_restart_after_the_training_writes_nothing(world: World, start_operator: StartOperator) -> None:
    first = start_operator()
    first.wait_until_leading()
    world.train("done")
    (job,) = eventually(world.jobs)
    (run,) = world.runs()
    world.log_model(run)
    world.complete(job)
    eventually(lambda: len(world.jobs()) == 2)
    version = world.path("modelversions", f"{world.model}-v1")
    # Nobody makes pods here: that is said after a while, and it is the last thing that changes by itself.
    eventually(lambda: "PodNotCreated" in str(world.api.get(version).get("status")))
    eventually(lambda: world.condition("done", "Ready") == ("True", "Registered"))
    assert first.stop() == 0
    mark = world.api.mark()

    second = start_operator(sweep_seconds="1")
    second.wait_until_leading()
    settled = 'leeboard_reconcile_seconds_count{kind="ModelVersion",outcome="settled"}'
    eventually(lambda: second.metric(settled) >= 1)
    assert second.stop() == 0

    assert world.writes_since(mark) == []
