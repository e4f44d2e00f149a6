"""The smoke test of ``helm test`` against a real API server; the test plays the operator by writing statuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, CustomObjectsApi

from leeboard.api.names import GROUP, VERSION, Kind, model_version_name
from leeboard.api.resource import Manifest
from leeboard.packaging.smoke import Options, Resources, SmokeError, train, training_job
from tests.integration.chart.conftest import TEAM, Kubectl, model_version

pytestmark = pytest.mark.integration
OPTIONS = Options(namespace=TEAM, image="busybox", timeout_seconds=30)
STATUS_TYPE = "application/merge-patch+json"


@pytest.fixture
async def api(kubectl: Kubectl) -> AsyncIterator[CustomObjectsApi]:
    """A client with the administrator's rights."""
    configured = await config.new_client_from_config(str(kubectl.kubeconfig))
    async with configured as client:
        assert isinstance(client, ApiClient)
        yield CustomObjectsApi(client)


def _condition(type_: str, reason: str) -> Manifest:
    stamp = "2026-01-01T00:00:00Z"
    named = {"type": type_, "status": "True", "reason": reason, "message": "said by the test"}
    return named | {"observedGeneration": 1, "lastTransitionTime": stamp}


async def _say(api: CustomObjectsApi, kind: Kind, *, name: str, status: Manifest) -> None:
    await api.patch_namespaced_custom_object_status(
        GROUP,
        VERSION,
        TEAM,
        kind.plural,
        name,
        {"status": {"observedGeneration": 1} | status},
        _content_type=STATUS_TYPE,
    )


async def _smoke_jobs(api: CustomObjectsApi) -> list[str]:
    found = await api.list_namespaced_custom_object(GROUP, VERSION, TEAM, Kind.TRAINING_JOB.plural)
    return [item["metadata"]["name"] for item in found["items"] if item["metadata"]["name"].startswith("smoke-test-")]


async def _first_job(api: CustomObjectsApi) -> str:
    async with asyncio.timeout(20):
        while True:
            for job in await _smoke_jobs(api):
                return job
            await asyncio.sleep(0.05)


async def _succeed(api: CustomObjectsApi) -> None:
    """What the operator does: a version, and both Ready."""
    job = await _first_job(api)
    body = model_version(version=77)
    body["spec"]["model"] = training_job(OPTIONS)["spec"]["model"]
    body["metadata"]["name"] = model_version_name(body["spec"]["model"], "77")
    await api.create_namespaced_custom_object(GROUP, VERSION, TEAM, Kind.MODEL_VERSION.plural, body)
    version = {"name": body["metadata"]["name"], "version": "77"}
    ready = [_condition("Ready", "Registered")]
    await _say(api, Kind.TRAINING_JOB, name=job, status={"modelVersion": version, "conditions": ready})
    await _say(api, Kind.MODEL_VERSION, name=version["name"], status={"conditions": ready})


async def test_it_passes_when_job_and_version_become_ready_and_leaves_nothing(api: CustomObjectsApi) -> None:
    version, _ = await asyncio.gather(train(Resources(api, TEAM), OPTIONS), _succeed(api))
    versions = await api.list_namespaced_custom_object(GROUP, VERSION, TEAM, Kind.MODEL_VERSION.plural)
    assert version == model_version_name(training_job(OPTIONS)["spec"]["model"], "77")
    assert version not in [item["metadata"]["name"] for item in versions["items"]]
    assert await _smoke_jobs(api) == []


async def test_it_fails_with_the_operators_words_when_the_training_is_stalled(api: CustomObjectsApi) -> None:
    async def stall() -> None:
        conditions = [_condition("Stalled", "CodeError")]
        await _say(api, Kind.TRAINING_JOB, name=await _first_job(api), status={"conditions": conditions})

    with pytest.raises(SmokeError, match="is stalled: CodeError: said by the test"):
        await asyncio.gather(train(Resources(api, TEAM), OPTIONS), stall())
    assert await _smoke_jobs(api) == []


async def test_it_fails_when_nobody_answers_and_still_leaves_nothing(api: CustomObjectsApi) -> None:
    with pytest.raises(SmokeError, match="is not Ready after 1 s"):
        await train(Resources(api, TEAM), Options(namespace=TEAM, image="busybox", timeout_seconds=1))
    assert await _smoke_jobs(api) == []
