"""``leeboard approve`` and ``leeboard reject`` on a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.cli.conftest import CommandLine, Rest, Services

pytestmark = pytest.mark.integration
EVIDENCE, OTHER = f"sha256:{1:064x}", f"sha256:{2:064x}"
VERSIONS = "/apis/leeboard.dev/v1alpha1/namespaces/{}/modelversions"
NAME = "loans-v7"


def make(api: Rest, namespace: str, *, evidence: str | None = EVIDENCE) -> None:
    """A version that waits for a person."""
    source = {"runID": "0" * 32, "modelURI": "models:/m-1"}
    made = api.create(
        VERSIONS.format(namespace),
        {
            "apiVersion": "leeboard.dev/v1alpha1",
            "kind": "ModelVersion",
            "metadata": {"name": NAME, "namespace": namespace},
            "spec": {"model": "loans", "version": "7", "source": source, "approval": "Manual"},
        },
    )
    if evidence is not None:
        made["status"] = {"evidenceDigest": evidence}
        api.rest.replace(f"{VERSIONS.format(namespace)}/{NAME}/status", made)


def decision(api: Rest, namespace: str) -> dict[str, Any] | None:
    """The word that stands on it."""
    found = api.get(f"{VERSIONS.format(namespace)}/{NAME}")["spec"].get("decision")
    return None if found is None else dict(found)


@pytest.mark.parametrize(("command", "state"), [("approve", "Approved"), ("reject", "Rejected")])
def test_a_decision_is_written_in_the_callers_name(
    leeboard: CommandLine, services: Services, *, command: str, state: str
) -> None:
    make(services.api, services.namespace)
    end = leeboard.run(command, NAME, "--reason", "looked at it")
    assert (end.code, end.output, end.errors) == (0, f"{NAME}: {state} by leeboard-admin\n", "")
    expected = {"state": state, "by": "leeboard-admin", "reason": "looked at it", "evidenceDigest": EVIDENCE}
    assert decision(services.api, services.namespace) == expected


@pytest.mark.parametrize(
    ("evidence", "words", "told"),
    [
        (None, (), "nothing is known of loans-v7 yet"),
        (EVIDENCE, ("--evidence", OTHER), "more is known of loans-v7 by now"),
    ],
)
def test_a_decision_rests_on_what_is_known(
    leeboard: CommandLine, services: Services, *, evidence: str | None, words: tuple[str, ...], told: str
) -> None:
    make(services.api, services.namespace, evidence=evidence)
    end = leeboard.run("approve", NAME, *words)
    assert (end.code, told in end.errors) == (1, True), end.errors
    assert decision(services.api, services.namespace) is None


def test_a_version_that_is_not_there_is_said(leeboard: CommandLine, services: Services) -> None:
    end = leeboard.run("approve", "loans-v9")
    assert (end.code, "no ModelVersion loans-v9 in namespace" in end.errors) == (1, True)
    assert services.namespace in end.errors
