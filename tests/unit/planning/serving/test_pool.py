"""The labels by which two revisions can share one Service, and that nothing else depends on them."""

from __future__ import annotations

from leeboard.api.resource import Manifest
from leeboard.planning.serving import APPLIED, RUNTIMES, deployment_of, is_in_pool
from tests.unit.planning.serving.test_mlflow import served

RUNTIME = RUNTIMES["MLflow"]


def made(beside: str | None = None) -> Manifest:
    return deployment_of(served(), RUNTIME, beside)


def without_pools(deployment: Manifest) -> Manifest:
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    deployment["spec"]["template"]["metadata"]["labels"] = {
        key: value for key, value in labels.items() if not key.startswith("pool.")
    }
    return deployment


def test_pods_may_share_a_service_with_their_own_revision() -> None:
    assert is_in_pool(made(), "abc")
    assert not is_in_pool(made(), "old")


def test_pods_of_a_canary_may_share_a_service_with_the_revision_that_they_were_started_beside() -> None:
    assert is_in_pool(made(beside="old"), "abc")
    assert is_in_pool(made(beside="old"), "old")


def test_a_pod_is_asked_by_its_own_labels() -> None:
    pod: Manifest = {"metadata": {"labels": {"pool.leeboard.dev/old": "true"}}, "spec": {"containers": []}}

    assert is_in_pool(pod, "old")
    assert not is_in_pool({"metadata": {}}, "old")


def test_the_hash_of_the_template_does_not_know_beside_whom_it_was_started() -> None:
    assert made()["metadata"]["annotations"][APPLIED] == made(beside="old")["metadata"]["annotations"][APPLIED]


def test_nothing_but_the_labels_of_the_pods_depends_on_it() -> None:
    assert without_pools(made()) == without_pools(made(beside="old"))
