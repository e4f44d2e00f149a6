"""Whatever the API server stored can be read, and nothing of it is lost when it is written back."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leeboard.api.crd import DEFINITIONS, Definition, root_schema
from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.pod_template_schema import as_object
from leeboard.api.training_job import TrainingJob
from tests.unit.api.stored import stored

METADATA = {"name": "car-loan", "namespace": "default", "uid": "u-1", "generation": 1, "managedFields": []}


def objects(definition: Definition) -> st.SearchStrategy[dict[str, Any]]:
    parts = as_object(root_schema(definition)["properties"])
    return st.fixed_dictionaries(
        {"metadata": st.just(METADATA), "spec": stored(as_object(parts["spec"]))},
        optional={"status": stored(as_object(parts["status"]))},
    )


STORED = {definition.kind: objects(definition) for definition in DEFINITIONS}


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.kind.value)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_the_api_server_stored_is_read_and_nothing_of_it_is_lost(
    definition: Definition, data: st.DataObject
) -> None:
    manifest = data.draw(STORED[definition.kind])

    resource = definition.model.model_validate(manifest)

    assert isinstance(resource, TrainingJob | ModelVersion | InferenceService)
    assert holds(resource.spec.to_json(), manifest["spec"])
    assert holds(resource.status.to_json(), manifest.get("status", {}))
    assert definition.model.model_validate(manifest | {"status": resource.status.to_json()}) == resource


def holds(whole: Any, part: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether every value of ``part`` stands at its place in ``whole``."""
    match whole, part:
        case dict(), dict():
            return all(name in whole and holds(whole[name], value) for name, value in part.items())
        case list(), list():
            return len(whole) == len(part) and all(map(holds, whole, part))
        case _:
            return bool(whole == part)
