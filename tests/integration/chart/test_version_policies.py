"""Admission of a person's word on a version."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

import pytest

from leeboard.api.resource import Manifest
from tests.cluster.waiting import until
from tests.integration.chart.conftest import TEAM, Answer, Kubectl, binding, model_version

pytestmark = pytest.mark.integration
NUMBERS = itertools.count(100)
EVIDENCE, OTHER = f"sha256:{1:064x}", f"sha256:{2:064x}"
WRITE = ("get", "list", "patch", "update", "create")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of which something is known, and people who decide on it."""

    kubectl: Kubectl
    name: str

    def patch(self, spec: Manifest, *, user: str = "ann", group: str = "approvers") -> Answer:
        """``kubectl patch`` of the spec as a member of a group."""
        target = ("patch", "-n", TEAM, "modelversions.leeboard.dev", self.name, "--type=merge")
        return self.kubectl.run(*target, "-p", json.dumps({"spec": spec}), user=user, groups=(group,))

    def decide(self, *, group: str = "approvers", **changes: str) -> Answer:
        """Ann approves on the evidence that is known, but for ``changes``."""
        word = {"state": "Approved", "by": "ann", "reason": "looked at it", "evidenceDigest": EVIDENCE}
        return self.patch({"decision": word | changes}, group=group)


def _role(name: str, *verbs: str) -> Manifest:
    rule = {"apiGroups": ["leeboard.dev"], "resources": ["modelversions"], "verbs": [*WRITE, *verbs]}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": TEAM},
        "rules": [rule],
    }


def _known(kubectl: Kubectl, evidence: str | None = EVIDENCE) -> Version:
    """A version of which the operator has told what is known."""
    manifest = model_version(version=next(NUMBERS))
    manifest["spec"]["approval"] = "Manual"
    kubectl.apply(manifest)
    name = manifest["metadata"]["name"]
    if evidence is not None:
        target = ("patch", "-n", TEAM, "modelversions.leeboard.dev", name, "--subresource=status", "--type=merge")
        kubectl.done(*target, "-p", json.dumps({"status": {"evidenceDigest": evidence}}))
    return Version(kubectl, name)


@pytest.fixture(scope="module", autouse=True)
def people(kubectl: Kubectl) -> None:
    """Groups by the verbs that they hold besides writing versions."""
    kubectl.apply(_role("approvers", "approve"), binding("approvers"))
    kubectl.apply(_role("version-writers"), binding("version-writers"))
    kubectl.apply(_role("restorers", "restore"), binding("restorers"))
    kubectl.apply(binding("admins", cluster_role="admin"), binding("editors", cluster_role="edit"))
    probe = _known(kubectl)
    refused = "ValidatingAdmissionPolicy"
    until(lambda: refused in probe.decide(group="version-writers").errors, "the policy is in force", seconds=60)
    until(lambda: _known(kubectl).decide(group="admins").code == 0, "admin may approve", seconds=60)


@pytest.mark.parametrize(("group", "is_taken"), [("approvers", True), ("admins", True), ("version-writers", False)])
def test_a_decision_needs_a_right_of_its_own(kubectl: Kubectl, group: str, *, is_taken: bool) -> None:
    answer = _known(kubectl).decide(group=group)
    assert (answer.code == 0) is is_taken, answer.errors
    if not is_taken:
        assert "ann lacks the right to approve modelversions.leeboard.dev" in answer.errors


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"by": "bob"}, "spec.decision.by is the name of who decides: ann, not bob"),
        ({"evidenceDigest": OTHER}, f"is not status.evidenceDigest, {EVIDENCE}"),
    ],
)
def test_a_decision_is_ones_own_and_on_what_is_known(kubectl: Kubectl, changes: dict[str, str], words: str) -> None:
    answer = _known(kubectl).decide(**changes)
    assert answer.code != 0
    assert words in answer.errors


def test_nobody_decides_before_something_is_known(kubectl: Kubectl) -> None:
    assert "nothing is known of" in _known(kubectl, None).decide().errors


def test_taking_a_decision_back_and_doing_without_one_need_the_right_too(kubectl: Kubectl) -> None:
    version = _known(kubectl)
    assert version.decide().code == 0
    for spec in ({"decision": None}, {"approval": "Automatic"}):
        assert "lacks the right to approve" in version.patch(spec, group="version-writers").errors
        assert version.patch(spec).code == 0


def test_other_changes_are_nobodys_business(kubectl: Kubectl) -> None:
    version = _known(kubectl)
    assert version.decide().code == 0
    target = ("label", "-n", TEAM, "modelversions.leeboard.dev", version.name, "team=risk")
    assert kubectl.run(*target, user="bob", groups=("version-writers",)).code == 0


@pytest.mark.parametrize(("group", "is_taken"), [("restorers", True), ("approvers", False)])
def test_only_a_restore_creates_a_version_that_is_decided_on(kubectl: Kubectl, group: str, *, is_taken: bool) -> None:
    manifest = model_version(version=next(NUMBERS))
    manifest["spec"]["decision"] = {"state": "Approved", "by": "someone", "evidenceDigest": EVIDENCE}
    answer = kubectl.run("create", "-f", "-", body=manifest, user="ann", groups=(group,))
    assert (answer.code == 0) is is_taken, answer.errors
    assert is_taken or "leave out spec.decision" in answer.errors
