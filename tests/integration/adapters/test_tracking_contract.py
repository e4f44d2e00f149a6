"""What every Tracking does: the adapter on a real MLflow server, and the fake that unit tests use."""

import itertools
import json
from collections.abc import AsyncIterator
from hashlib import sha256

import httpx
import pytest

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.mlflow.calls import Calls
from leeboard.adapters.mlflow.tracking import MlflowTracking
from leeboard.api.reference import Reference
from leeboard.errors import PermanentError, TrackingUnavailable
from leeboard.metrics import Metrics
from leeboard.planning.actions import (
    ClaimModel,
    CloseRun,
    LogParameters,
    OpenRun,
    RegisterVersion,
    TagVersion,
    UploadText,
)
from leeboard.planning.facts import LoggedModel, RegisteredModel, RegisteredVersion, Run, RunStatus
from leeboard.ports import Tracking
from tests.cluster.ports import free_ports
from tests.integration.mlflow_server import MlflowServer
from tests.support.fake_tracking import FakeTracking

pytestmark = pytest.mark.integration
_NUMBERS = itertools.count(1)


@pytest.fixture(params=["adapter", "fake"])
async def tracking(request: pytest.FixtureRequest) -> AsyncIterator[Tracking]:
    if request.param == "fake":
        yield FakeTracking()
        return
    server: MlflowServer = request.getfixturevalue("mlflow_server")
    calls = Calls(server.uri, Metrics(), steady=steady_seconds)
    yield MlflowTracking(calls, steady=steady_seconds)
    calls.close()


async def log_model(tracking: Tracking, run: Run, server: MlflowServer) -> LoggedModel:
    """What a training script does."""
    if isinstance(tracking, FakeTracking):
        tracking.models_of_runs[run.id] = (LoggedModel(f"m-{run.id}", "model", "READY"),)
    else:
        models = f"{server.uri}/api/2.0/mlflow/logged-models"
        wanted = {"experiment_id": run.experiment_id, "name": "model", "source_run_id": run.id}
        async with httpx.AsyncClient(timeout=30) as client:
            made = (await client.post(models, json=wanted)).raise_for_status().json()["model"]["info"]["model_id"]
            ready = {"model_id": made, "status": "LOGGED_MODEL_READY"}
            (await client.patch(f"{models}/{made}", json=ready)).raise_for_status()
    (model,) = await tracking.logged_models(run)
    return model


@pytest.fixture
def name() -> str:
    return f"contract-{next(_NUMBERS)}"


async def test_a_missing_experiment_run_model_or_version_is_no_error(tracking: Tracking, name: str) -> None:
    assert await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"}) == ()
    assert await tracking.get_run("0" * 32) is None
    assert await tracking.registered_model(name) is None
    assert await tracking.get_version(name, "1") is None
    assert await tracking.find_versions(name, tags={"leeboard.uid": "u"}) == ()


async def test_an_opened_run_is_found_by_all_of_its_tags_only(tracking: Tracking, name: str) -> None:
    tags = {"leeboard.uid": "u", "leeboard.attempt": "1", "leeboard.resource": "it's/here"}
    await tracking.carry_out(OpenRun(name, "first", tags, {"depth": "6"}))
    await tracking.carry_out(OpenRun(name, "second", {**tags, "leeboard.attempt": "2"}))

    both = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"})
    first = await tracking.find_runs(experiment=name, tags=tags)

    assert [run.tags["leeboard.attempt"] for run in both] == ["1", "2"]
    assert first == both[:1]
    assert first[0].status is RunStatus.RUNNING
    assert await tracking.get_run(first[0].id) == first[0]


async def test_parameters_are_logged_once_more_without_harm_and_never_changed(tracking: Tracking, name: str) -> None:
    await tracking.carry_out(OpenRun(name, "run", {"leeboard.uid": "u"}, {"depth": "6"}))
    (run,) = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"})
    assert run.parameters == frozenset({"depth"})

    await tracking.carry_out(LogParameters(run.id, {"depth": "6", "rate": "0.1"}))
    with pytest.raises(PermanentError):
        await tracking.carry_out(LogParameters(run.id, {"depth": "7"}))

    after = await tracking.get_run(run.id)
    assert after is not None
    assert after.parameters == frozenset({"depth", "rate"})


async def test_a_closed_run_has_its_status(tracking: Tracking, name: str) -> None:
    await tracking.carry_out(OpenRun(name, "run", {"leeboard.uid": "u"}))
    (run,) = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"})

    await tracking.carry_out(CloseRun(run.id, RunStatus.FAILED))

    closed = await tracking.get_run(run.id)
    assert closed is not None
    assert closed.status is RunStatus.FAILED


async def test_a_text_may_be_uploaded_twice(tracking: Tracking, name: str) -> None:
    await tracking.carry_out(OpenRun(name, "run", {"leeboard.uid": "u"}))
    (run,) = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"})

    for _ in range(2):
        await tracking.carry_out(UploadText(run.id, "leeboard/log.txt", "one\ntwo"))


async def test_a_run_without_models_has_none(tracking: Tracking, name: str) -> None:
    await tracking.carry_out(OpenRun(name, "run", {"leeboard.uid": "u"}))
    (run,) = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"})

    assert await tracking.logged_models(run) == ()


async def log_inputs(tracking: Tracking, run: Run, server: MlflowServer, *inputs: tuple[str, str, object]) -> None:
    """What ``mlflow.log_input`` sends: context, type and source of each data set."""
    if isinstance(tracking, FakeTracking):
        tracking.references[run.id] = Reference(uri="https://data.example/held-out.csv")
        return
    datasets = [
        {
            "tags": [{"key": "mlflow.data.context", "value": context}],
            "dataset": {"name": f"d{i}", "digest": str(i), "source_type": type_, "source": json.dumps(source)},
        }
        for i, (context, type_, source) in enumerate(inputs)
    ]
    async with httpx.AsyncClient(timeout=30) as client:
        content = {"run_id": run.id, "datasets": datasets}
        (await client.post(f"{server.uri}/api/2.0/mlflow/runs/log-inputs", json=content)).raise_for_status()


async def test_the_reference_of_a_run_is_an_input_that_it_named_so(
    tracking: Tracking, mlflow_server: MlflowServer, name: str
) -> None:
    await tracking.carry_out(OpenRun(name, "run", {"k": name}))
    (run,) = await tracking.find_runs(experiment=name, tags={"k": name})

    before = await tracking.logged_reference(run.id)
    await log_inputs(
        tracking,
        run,
        mlflow_server,
        ("training", "http", {"url": "https://data.example/training.csv"}),
        ("reference", "code", {"tags": {"mlflow.user": "ann"}}),
        ("reference", "local", {"uri": "/home/ann/held-out.csv"}),
        ("reference", "http", {"url": "https://data.example/held-out.csv"}),
    )
    after = await tracking.logged_reference(run.id)

    assert (before, after) == (None, Reference(uri="https://data.example/held-out.csv"))
    assert await tracking.logged_reference("0" * 32) is None


async def test_a_file_of_a_known_name_is_the_reference_of_its_run(mlflow_server: MlflowServer, name: str) -> None:
    calls = Calls(mlflow_server.uri, Metrics(), steady=steady_seconds)
    tracking = MlflowTracking(calls, steady=steady_seconds)
    await tracking.carry_out(OpenRun(name, "run", {"k": name}))
    (run,) = await tracking.find_runs(experiment=name, tags={"k": name})
    found = []
    for path in ("other/reference.csv", "reference.parquet", "reference.csv"):
        await tracking.carry_out(UploadText(run.id, path, "a,b"))
        found.append(await tracking.logged_reference(run.id))
    calls.close()

    assert found == [None, Reference(artifact="reference.parquet"), Reference(artifact="reference.csv")]


async def test_a_profile_is_given_by_its_digest_only(tracking: Tracking, name: str) -> None:
    await tracking.carry_out(OpenRun(name, "run", {"k": name}))
    (run,) = await tracking.find_runs(experiment=name, tags={"k": name})
    await tracking.carry_out(UploadText(run.id, "leeboard/profile-1.json", "{}"))
    uri, digest = f"runs:/{run.id}/leeboard/profile-1.json", f"sha256:{sha256(b'{}').hexdigest()}"

    for wrong, of in ((uri, f"sha256:{0:064x}"), (f"runs:/{run.id}/leeboard/other.json", digest), ("runs:/", digest)):
        with pytest.raises(PermanentError):
            await tracking.profile(wrong, of)

    assert await tracking.profile(uri, digest) == b"{}"


async def test_a_model_is_claimed_once_and_keeps_the_first_tags(tracking: Tracking, name: str) -> None:
    await tracking.carry_out(ClaimModel(name, {"leeboard.owner": "a/b"}))
    await tracking.carry_out(ClaimModel(name, {"leeboard.owner": "c/d"}))

    assert await tracking.registered_model(name) == RegisteredModel(name, {"leeboard.owner": "a/b"})


async def test_versions_are_found_by_their_tags_and_tagged_later(
    tracking: Tracking, name: str, mlflow_server: MlflowServer
) -> None:
    await tracking.carry_out(OpenRun(name, "run", {"leeboard.uid": "u"}))
    (run,) = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"})
    model = await log_model(tracking, run, mlflow_server)
    await tracking.carry_out(ClaimModel(name))
    for uid in ("u1", "u2"):
        await tracking.carry_out(RegisterVersion(name, model.uri, run.id, {"leeboard.uid": uid}))
    await tracking.carry_out(TagVersion(name, "2", {"leeboard.duplicate_of": "1"}))

    tags = {"leeboard.uid": "u2", "leeboard.duplicate_of": "1"}
    expected = RegisteredVersion(name, "2", run.id, model.uri, tags)
    assert model.is_ready
    assert await tracking.find_versions(name, tags={"leeboard.uid": "u2"}) == (expected,)
    assert await tracking.get_version(name, "2") == expected


async def test_a_dead_server_is_unavailable_and_soon_not_even_asked() -> None:
    calls = Calls(f"http://127.0.0.1:{free_ports(1)[0]}", Metrics(), steady=steady_seconds)
    tracking = MlflowTracking(calls, steady=steady_seconds)

    messages = []
    for _ in range(6):
        with pytest.raises(TrackingUnavailable) as caught:
            await tracking.get_run("0" * 32)
        messages.append(str(caught.value))

    assert "5 times in a row" in messages[-1]
    calls.close()


async def test_an_experiment_that_somebody_deleted_is_brought_back(mlflow_server: MlflowServer, name: str) -> None:
    calls = Calls(mlflow_server.uri, Metrics(), steady=steady_seconds)
    tracking = MlflowTracking(calls, steady=steady_seconds)
    await tracking.carry_out(OpenRun(name, "before", {"leeboard.uid": "u"}))
    (run,) = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "u"})
    async with httpx.AsyncClient(base_url=f"{mlflow_server.uri}/api/2.0/mlflow", timeout=30) as client:
        (await client.post("/experiments/delete", json={"experiment_id": run.experiment_id})).raise_for_status()

    await tracking.carry_out(OpenRun(name, "after", {"leeboard.uid": "w"}))

    (found,) = await tracking.find_runs(experiment=name, tags={"leeboard.uid": "w"})
    assert found.experiment_id == run.experiment_id
    calls.close()
