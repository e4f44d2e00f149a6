"""The loop, the adapters and the watch on a real API server and a real MLflow server, with the smallest planner."""

import signal
import time

import pytest

from leeboard.api.names import child_name
from tests.integration.conftest import StartOperator, eventually
from tests.integration.operator.world import TINY, World

pytestmark = pytest.mark.integration
QUIET_SECONDS = 5.0


def writes_during(world: World, *, seconds: float) -> list[str]:
    """The operator's writes while nothing happens: the one place where a test has to let time pass."""
    mark = world.api.mark()
    deadline = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= deadline, seconds=seconds + 5)
    return world.writes_since(mark)


def test_a_training_job_leads_to_exactly_one_job_one_run_and_one_event(
    world: World, start_operator: StartOperator
) -> None:
    start_operator(module=TINY).wait_until_ready()
    world.train("one")

    world.until_running("one")

    assert len(world.jobs()) == 1
    assert [run["data"]["params"] for run in world.runs()] == [[{"key": "depth", "value": "6"}]]
    assert eventually(world.events) == [("Running", "It is Running.")]


def test_a_restarted_operator_and_an_idle_one_write_nothing(world: World, start_operator: StartOperator) -> None:
    first = start_operator(module=TINY)
    for number in range(3):
        world.train(f"job-{number}")
    for number in range(3):
        world.until_running(f"job-{number}")
    assert first.stop() == 0
    mark = world.api.mark()

    second = start_operator(module=TINY, sweep_seconds="1")
    second.wait_until_leading()
    eventually(lambda: second.metric('leeboard_reconcile_seconds_count{kind="TrainingJob",outcome="settled"}') >= 3)

    assert writes_during(world, seconds=QUIET_SECONDS) == []
    assert world.writes_since(mark) == []


def test_a_job_of_that_name_that_is_not_ours_is_reported_and_left_alone_until_it_is_gone(
    world: World, start_operator: StartOperator
) -> None:
    created = world.train("taken")
    name = child_name("taken", created["metadata"]["uid"])
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "other", "image": "other"}]}}
    metadata = {"name": name, "namespace": world.namespace}
    stranger = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}
    before = world.api.create(world.jobs_path, stranger)

    start_operator(module=TINY)
    eventually(lambda: world.phase("taken") == "Rejected409")

    assert [job["metadata"]["resourceVersion"] for job in world.jobs()] == [before["metadata"]["resourceVersion"]]


def test_a_template_that_the_api_server_refuses_is_reported_once(world: World, start_operator: StartOperator) -> None:
    start_operator(module=TINY)
    world.train("invalid", image="")

    eventually(lambda: world.phase("invalid") == "Rejected422")

    assert writes_during(world, seconds=2) == []
    assert world.jobs() == []


def test_a_deleted_job_leaves_no_ghost_even_when_the_operator_was_asleep(
    world: World, start_operator: StartOperator
) -> None:
    operator = start_operator(module=TINY, sweep_seconds="2", leader_election="false")
    world.train("ghost")
    world.until_running("ghost")
    (job,) = world.jobs()
    operator.send(signal.SIGSTOP)
    world.api.rest.delete(f"{world.jobs_path}/{job['metadata']['name']}?propagationPolicy=Background")
    operator.send(signal.SIGCONT)

    (again,) = eventually(lambda: [one for one in world.jobs() if one["metadata"]["uid"] != job["metadata"]["uid"]])

    assert again["metadata"]["name"] == job["metadata"]["name"]


def test_mlflow_that_is_down_is_reported_and_caught_up_with(world: World, start_operator: StartOperator) -> None:
    operator = start_operator(module=TINY)
    operator.wait_until_leading()
    world.mlflow.stop()
    try:
        world.train("later")
        eventually(lambda: world.phase("later") == "Waiting")
        assert world.jobs() == []
    finally:
        world.mlflow.start()

    world.until_running("later", seconds=90)

    assert len(world.runs()) == 1


def test_twenty_training_jobs_have_a_job_and_a_run_each_for_two_writes_and_an_event(
    world: World, start_operator: StartOperator
) -> None:
    names = [f"many-{number:02}" for number in range(20)]
    for name in names:
        world.train(name)
    mark = world.api.mark()
    start_operator(module=TINY)
    for name in names:
        world.until_running(name)

    owners = sorted(job["metadata"]["labels"]["leeboard.dev/owner"] for job in world.jobs())

    assert owners == names
    assert len(world.runs()) == len(names)
    assert len(world.writes_since(mark)) == 2 * len(names)


def test_a_resource_that_is_recreated_under_its_name_gets_a_job_of_its_own(
    world: World, start_operator: StartOperator
) -> None:
    start_operator(module=TINY)
    first = world.train("again")
    world.until_running("again")
    world.api.rest.delete(world.path("trainingjobs", "again"))
    second = world.train("again")
    world.until_running("again")

    owners = {job["metadata"]["labels"]["leeboard.dev/uid"] for job in world.jobs()}

    assert owners == {first["metadata"]["uid"], second["metadata"]["uid"]}
    assert len(world.runs()) == 2
