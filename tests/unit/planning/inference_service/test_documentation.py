"""The manifests of docs/rollouts.md are valid, possible, and show every kind of step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from leeboard.api.inference_service import InferenceService
from leeboard.api.rollout_steps import Step
from leeboard.cli.lint.judging import judge
from leeboard.planning.inference_service.steps import course_of
from leeboard.planning.traffic import PROVIDERS, Chosen, choose
from tests.unit.planning.inference_service.builders import DEFAULTS

PAGE = Path(__file__).parents[4] / "docs" / "rollouts.md"
MANIFESTS = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
BLOCKS = [text for text in MANIFESTS if "kind: InferenceService" in text]


def shown(text: str) -> InferenceService:
    manifest = yaml.safe_load(text)
    metadata = {**manifest["metadata"], "namespace": "team", "uid": "1"}
    return InferenceService.model_validate({**manifest, "metadata": metadata})


@pytest.mark.parametrize("text", BLOCKS)
def test_its_manifest_is_one_that_the_api_server_takes(text: str) -> None:
    assert judge(PAGE.name, text).complaints == ()


@pytest.mark.parametrize("text", BLOCKS)
def test_its_manifest_is_possible_with_who_splits_the_requests(text: str) -> None:
    chosen = choose(shown(text), DEFAULTS, has_gateway_api=True)

    assert isinstance(chosen, Chosen)
    assert PROVIDERS[chosen.provider].findings(shown(text)) == ()


def test_every_kind_of_step_is_shown() -> None:
    steps = [step for text in BLOCKS for step in shown(text).spec.rollout.steps or ()]
    kinds = set(Step.model_fields) - {"for_"}

    assert {kind for step in steps for kind in kinds if getattr(step, kind) is not None} == kinds


def test_the_ramp_is_what_the_page_says() -> None:
    (ramp,) = (shown(text).spec.rollout for text in BLOCKS if "ramp" in text)

    assert [leg.share.weight for leg in course_of(ramp)] == [20, 40, 50]
