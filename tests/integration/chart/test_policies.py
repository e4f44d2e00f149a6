"""Admission: who may run pods through our kinds, who states a lineage, where nobody trains."""

from __future__ import annotations

import itertools

import pytest

from leeboard.api.resource import Manifest
from tests.integration.chart.conftest import (
    TEAM,
    Answer,
    Kubectl,
    binding,
    inference_service,
    model_version,
    role,
    training_job,
)
from tests.support.chart import NAMESPACE

pytestmark = pytest.mark.integration
OURS = {"leeboard.dev": ("trainingjobs", "inferenceservices", "modelversions")}
OPERATOR = f"system:serviceaccount:{NAMESPACE}:leeboard"
NAMES = (f"case-{number}" for number in itertools.count(1))


def retrained() -> Manifest:
    """A service whose model is trained again."""
    body = inference_service()
    return body | {"spec": body["spec"] | {"retraining": {"trainingJobRef": {"name": "train"}}}}


@pytest.fixture(scope="module", autouse=True)
def people(kubectl: Kubectl) -> None:
    """Groups by what they may do in the team's namespace besides writing our kinds."""
    kubectl.apply(role("ours-only", OURS), binding("ours-only"))
    kubectl.apply(role("trainers", OURS | {"batch": ("jobs",)}), binding("trainers"))
    kubectl.apply(role("servers", OURS | {"apps": ("deployments",)}), binding("servers"))
    kubectl.apply(binding("editors", cluster_role="edit"), binding("viewers", cluster_role="view"))


def _create(kubectl: Kubectl, body: Manifest, *, group: str) -> Answer:
    """Create under a fresh name, as a member of ``group``."""
    named = body | {"metadata": body["metadata"] | {"name": next(NAMES)}}
    return kubectl.run("create", "-f", "-", body=named, user="ann", groups=(group,))


@pytest.mark.parametrize(
    ("body", "group", "refusal"),
    [
        pytest.param(
            training_job(), "ours-only", "lacks the right to create jobs in namespace team", id="training without jobs"
        ),
        pytest.param(
            training_job(),
            "servers",
            "lacks the right to create jobs in namespace team",
            id="training with deployments",
        ),
        pytest.param(training_job(), "trainers", "", id="training with jobs"),
        pytest.param(
            inference_service(), "ours-only", "lacks the right to create deployments", id="serving without deployments"
        ),
        pytest.param(inference_service(), "trainers", "lacks the right to create deployments", id="serving with jobs"),
        pytest.param(inference_service(), "servers", "", id="serving with deployments"),
        pytest.param(retrained(), "servers", "lacks the right to create jobs", id="training again without jobs"),
        pytest.param(retrained(), "editors", "", id="training again as editor"),
        pytest.param(training_job(), "editors", "", id="training as editor"),
        pytest.param(inference_service(), "editors", "", id="serving as editor"),
        pytest.param(training_job(), "viewers", "cannot create resource", id="training as viewer"),
        pytest.param(
            training_job(pod={"serviceAccountName": "robot"}),
            "trainers",
            "as service account robot",
            id="a named account without impersonate",
        ),
        pytest.param(
            training_job(pod={"serviceAccount": "robot"}),
            "trainers",
            "as service account robot",
            id="the old field without impersonate",
        ),
        pytest.param(
            training_job(pod={"serviceAccountName": "robot"}),
            "editors",
            "",
            id="a named account as editor, who may impersonate",
        ),
        pytest.param(
            inference_service(pod={"serviceAccountName": "robot", "containers": [{"name": "server"}]}),
            "servers",
            "as service account robot",
            id="serving as a named account without impersonate",
        ),
        pytest.param(
            inference_service(pod={"serviceAccountName": "robot", "containers": [{"name": "server"}]}),
            "editors",
            "",
            id="serving as a named account as editor",
        ),
    ],
)
def test_who_may_run_pods_through_our_kinds(kubectl: Kubectl, body: Manifest, *, group: str, refusal: str) -> None:
    answer = _create(kubectl, body, group=group)
    assert (answer.code == 0, refusal in answer.errors) == (not refusal, True), answer.errors


def test_a_change_of_the_spec_asks_again_and_a_label_does_not(kubectl: Kubectl) -> None:
    kubectl.apply(inference_service(name="asked-again"))
    who = {"user": "ann", "groups": ("ours-only",)}
    words = ("-n", TEAM, "inferenceservices.leeboard.dev", "asked-again")
    label = kubectl.run("label", *words, "team=red", **who)  # type: ignore[arg-type]
    spec = kubectl.run("patch", *words, "--type=merge", "-p", '{"spec": {"server": {"replicas": 2}}}', **who)  # type: ignore[arg-type]
    assert label.code == 0, label.errors
    assert spec.code != 0
    assert "lacks the right to create deployments" in spec.errors


LINEAGE: Manifest = {"dataset": {"name": "loans"}}


def test_only_the_operator_states_a_lineage(kubectl: Kubectl) -> None:
    by_admin = kubectl.run("create", "-f", "-", body=model_version(lineage=LINEAGE))
    assert by_admin.code != 0
    assert "only the operator's own account may set" in by_admin.errors
    by_operator = kubectl.run("create", "-f", "-", user=OPERATOR, body=model_version(version=2, lineage=LINEAGE))
    assert by_operator.code == 0, by_operator.errors


def test_a_person_may_import_a_version_without_lineage_but_add_none_later(kubectl: Kubectl) -> None:
    imported = kubectl.run("create", "-f", "-", user="ann", groups=("editors",), body=model_version(version=3))
    assert imported.code == 0, imported.errors
    words = (
        "patch",
        "-n",
        TEAM,
        "modelversion",
        "car-loan-v3",
        "--type=merge",
        "-p",
        '{"spec": {"lineage": {"dataset": {"name": "x"}}}}',
    )
    added = kubectl.run(*words)
    assert added.code != 0
    assert "cannot be added or removed later" in added.errors


def test_an_unrelated_edit_of_a_version_with_lineage_is_allowed(kubectl: Kubectl) -> None:
    made = kubectl.run("create", "-f", "-", user=OPERATOR, body=model_version(version=4, lineage=LINEAGE))
    answer = kubectl.run("label", "-n", TEAM, "modelversion", "car-loan-v4", "team=red")
    assert made.code == 0, made.errors
    assert answer.code == 0, answer.errors


def test_the_operators_own_namespace_is_closed_to_everybody(kubectl: Kubectl) -> None:
    answer = kubectl.run("create", "-f", "-", body=training_job(namespace=NAMESPACE))
    assert answer.code != 0
    assert "the operator's own namespace is closed to training and serving" in answer.errors


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        ("create jobs -n team", True),
        ("patch trainingjobs/status.leeboard.dev -n team", True),
        ("create modelversions.leeboard.dev -n team", True),
        ("create trainingjobs.leeboard.dev -n team", True),
        ("patch trainingjobs.leeboard.dev -n team", False),
        ("delete modelversions.leeboard.dev -n team", False),
        ("get secrets -n team", False),
        ("list secrets -n leeboard-system", False),
        ("create pods -n team", False),
        ("create pods/exec -n team", False),
        ("get pods/log -n team", True),
        ("create leases -n leeboard-system", True),
        ("update leases/leeboard -n leeboard-system", True),
        ("update leases/other -n leeboard-system", False),
        ("get leases/leeboard -n team", False),
        ("impersonate serviceaccounts -n team", False),
    ],
)
def test_what_the_operator_may_do(kubectl: Kubectl, words: str, *, allowed: bool) -> None:
    verb, resource, *rest = words.split()
    name, _, subresource = resource.partition("/")
    plural, dot, group = subresource.partition(".")
    target = (
        [f"{name}{dot}{group}", f"--subresource={plural}"]
        if name in {"pods", "trainingjobs"} and subresource
        else [resource]
    )
    answer = kubectl.run("auth", "can-i", verb, *target, *rest, user=OPERATOR)
    assert answer.output.strip() == ("yes" if allowed else "no"), answer.errors
