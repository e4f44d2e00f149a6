"""The manifests of docs/traffic.md are possible with the provider that they are about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from leeboard.api.inference_service import InferenceService
from leeboard.api.rollout_steps import Step
from leeboard.planning.defaults import Defaults
from leeboard.planning.traffic import PROVIDERS, Chosen, choose

PAGE = Path(__file__).parents[4] / "docs" / "traffic.md"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
NOBODY = Defaults(cluster="test", runtime_image="runtime:1", tracking_uri="http://mlflow:5000")


def shown() -> list[InferenceService]:
    documents = [yaml.safe_load(text) for text in BLOCK.findall(PAGE.read_text())]
    return [
        InferenceService.model_validate({**item, "metadata": {**item["metadata"], "namespace": "team", "uid": "1"}})
        for item in documents
    ]


@pytest.mark.parametrize("resource", shown())
def test_its_manifest_is_possible(resource: InferenceService) -> None:
    chosen = choose(resource, NOBODY, has_gateway_api=True)

    assert isinstance(chosen, Chosen)
    assert PROVIDERS[chosen.provider].findings(resource) == ()


def test_every_kind_of_step_is_shown() -> None:
    steps = [step for resource in shown() for step in resource.spec.rollout.steps or ()]
    kinds = set(Step.model_fields) - {"for_"}

    assert {kind for step in steps for kind in kinds if getattr(step, kind) is not None} == kinds


def test_both_ways_are_shown() -> None:
    chosen = [choose(resource, NOBODY, has_gateway_api=True) for resource in shown()]

    assert {one.provider for one in chosen if isinstance(one, Chosen)} == set(PROVIDERS)
