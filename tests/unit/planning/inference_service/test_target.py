"""Which version should serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from leeboard.api.conditions import ConditionStatus
from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.model_version import ModelVersion
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.api.resource import Manifest
from leeboard.planning.inference_service.revisions import desired_revision, recorded_revision, template_hash
from leeboard.planning.inference_service.target import Refused, Target, Waiting, choose
from tests.unit.planning.inference_service.builders import (
    DEFAULTS,
    START,
    a_fingerprint,
    a_fresh_version,
    a_service,
    a_version,
)

FALSE, UNKNOWN = ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def stable_of(number: int, *, model: str = "car-loan") -> Revision:
    return Revision(
        name="serves",
        model_version=f"{model}-v{number}",
        version=str(number),
        digest=f"sha256:{number:064x}",
        deployment="car-loan-serves",
        image="runtime:1",
        template_hash="hash",
        since="2026-03-01T12:00:00Z",
    )


@pytest.mark.parametrize(
    ("resource", "versions", "stable", "expected"),
    [
        pytest.param(a_service(), [a_version(1)], None, ("1", None), id="the only approved version"),
        pytest.param(
            a_service(), [a_version(9), a_version(10), a_version(2)], None, ("10", None), id="numbers, not words"
        ),
        pytest.param(
            a_service(), [a_version(1), a_version(2, is_approved=False)], None, ("1", None), id="approved ones only"
        ),
        pytest.param(a_service(), [a_version(1), a_fresh_version(2)], None, ("1", None), id="fingerprinted ones only"),
        pytest.param(
            a_service(), [a_version(1), a_version(5, model="other")], None, ("1", None), id="of its own model only"
        ),
        pytest.param(a_service(), [a_version(1)], stable_of(1), ("1", None), id="what serves is still the newest"),
        pytest.param(
            a_service(), [a_version(3)], stable_of(2), ("3", None), id="a newer one although the old record is gone"
        ),
        pytest.param(
            a_service(), [a_version(1)], stable_of(7, model="other"), ("1", None), id="another model's number is no bar"
        ),
        pytest.param(a_service(version="1"), [a_version(1)], None, ("1", None), id="the pinned version"),
        pytest.param(
            a_service(version="1"),
            [a_version(1), a_version(2), a_version(3)],
            None,
            ("1", "3"),
            id="pinned, newer there",
        ),
        pytest.param(
            a_service(version="1"),
            [a_version(1), a_fresh_version(2)],
            None,
            ("1", None),
            id="pinned, newer not approved",
        ),
        pytest.param(
            a_service(version="2"), [a_version(1), a_version(2)], None, ("2", None), id="pinned to the newest"
        ),
    ],
)
def test_the_target_is(
    resource: InferenceService, versions: Sequence[ModelVersion], *, stable: Revision | None, expected: tuple[str, str]
) -> None:
    choice = choose(resource, versions, stable=stable)

    assert isinstance(choice, Target)
    assert (choice.model_version.spec.version, choice.newer) == expected


@pytest.mark.parametrize(
    ("resource", "versions", "stable", "expected"),
    [
        pytest.param(
            a_service(),
            [],
            None,
            Waiting(ServiceReason.NO_APPROVED_VERSION, "car-loan has no version yet"),
            id="no version at all",
        ),
        pytest.param(
            a_service(),
            [a_fresh_version(1), a_version(2, is_approved=False)],
            None,
            Waiting(ServiceReason.NO_APPROVED_VERSION, "of 2 versions of car-loan none is approved yet"),
            id="none approved",
        ),
        pytest.param(
            a_service(),
            [a_version(1)],
            stable_of(2),
            Waiting(
                ServiceReason.MODEL_VERSION_NOT_FOUND,
                "version 2 serves, but its ModelVersion is gone; to go back to another version pin it by"
                " spec.model.version",
                UNKNOWN,
            ),
            id="the record of what serves is gone: never back by itself",
        ),
        pytest.param(
            a_service(version="3"),
            [a_version(1)],
            None,
            Waiting(
                ServiceReason.MODEL_VERSION_NOT_FOUND,
                "there is no ModelVersion of car-loan version 3 in this namespace",
            ),
            id="pinned and missing",
        ),
        pytest.param(
            a_service(version="1"),
            [],
            stable_of(1),
            Waiting(
                ServiceReason.MODEL_VERSION_NOT_FOUND,
                "there is no ModelVersion of car-loan version 1 in this namespace",
                UNKNOWN,
            ),
            id="pinned, serving, its record missing: nobody knows",
        ),
        pytest.param(
            a_service(version="1"),
            [a_fresh_version(1)],
            None,
            Waiting(
                ServiceReason.NOT_FINGERPRINTED, "ModelVersion car-loan-v1 has no fingerprint yet: see its conditions"
            ),
            id="pinned, not fingerprinted",
        ),
        pytest.param(
            a_service(version="1"),
            [a_version(1, is_approved=False)],
            None,
            Waiting(ServiceReason.NOT_APPROVED, "ModelVersion car-loan-v1 is not approved"),
            id="pinned, not approved",
        ),
        pytest.param(
            a_service(),
            [a_version(1), a_version(2, fingerprint=a_fingerprint(environment="Refuse"))],
            None,
            Refused(
                ServiceReason.REQUIREMENTS_MISMATCH,
                "version 2 needs another environment than the server's image: scikit-learn 1.5.2, the image has 1.7.1."
                " Train with the image's versions, or name an image with the model's by spec.server.template",
            ),
            id="the newest needs another environment",
        ),
    ],
)
def test_there_is_no_target_because(
    resource: InferenceService,
    versions: Sequence[ModelVersion],
    *,
    stable: Revision | None,
    expected: Waiting | Refused,
) -> None:
    assert choose(resource, versions, stable=stable) == expected


def test_an_image_of_the_users_is_judged_as_it_starts() -> None:
    resource = a_service(template={"spec": {"containers": [{"name": "server", "image": "mine:1"}]}})

    choice = choose(resource, [a_version(1, fingerprint=a_fingerprint(environment="Refuse"))], stable=None)

    assert isinstance(choice, Target)


def revision_of(resource: InferenceService, version: ModelVersion, *, image: str = "runtime:1") -> Revision:
    choice = choose(resource, [version], stable=None)
    assert isinstance(choice, Target)
    return desired_revision(resource, choice, known=(), defaults=replace(DEFAULTS, runtime_image=image), now=START)


@pytest.mark.parametrize(
    ("resource", "version", "image", "is_another"),
    [
        pytest.param(a_service(replicas=9), a_version(1), "runtime:1", False, id="not another by its number of pods"),
        pytest.param(a_service(version="1"), a_version(1), "runtime:1", False, id="not another by how it was chosen"),
        pytest.param(a_service(), a_version(2), "runtime:1", True, id="another version"),
        pytest.param(a_service(), a_version(1), "runtime:2", False, id="not another by the operator's image"),
        pytest.param(
            a_service(template={"spec": {"hostname": "x"}}), a_version(1), "runtime:1", True, id="another template"
        ),
    ],
)
def test_a_revision_is(resource: InferenceService, version: ModelVersion, image: str, *, is_another: bool) -> None:
    before = revision_of(a_service(), a_version(1))

    after = revision_of(resource, version, image=image)

    assert (after.name != before.name, after.deployment != before.deployment) == (is_another, is_another)


def test_a_known_revision_keeps_its_image() -> None:
    before = revision_of(a_service(), a_version(1), image="runtime:1")
    choice = choose(a_service(), [a_version(1)], stable=None)
    assert isinstance(choice, Target)

    later = START + timedelta(days=30)
    after = desired_revision(
        a_service(), choice, known=(before,), defaults=replace(DEFAULTS, runtime_image="runtime:2"), now=later
    )

    assert after.model_copy(update={"since": before.since}) == before


def test_a_template_with_fields_at_their_defaults_is_the_same_template() -> None:
    server = a_service().spec.server

    spelt_out = server.model_validate(server.model_dump(by_alias=True))

    assert template_hash(spelt_out) == template_hash(server)


@pytest.mark.parametrize(
    "annotations",
    [
        pytest.param({}, id="no record"),
        pytest.param({"leeboard.dev/revision": "{"}, id="no JSON"),
        pytest.param({"leeboard.dev/revision": "[]"}, id="no object"),
        pytest.param({"leeboard.dev/revision": '{"name": "x"}'}, id="parts missing"),
    ],
)
def test_a_spoilt_record_is_no_revision(annotations: dict[str, str]) -> None:
    deployment: Manifest = {"metadata": {"name": "car-loan-x", "annotations": annotations}}

    assert recorded_revision(deployment, now=START) is None
