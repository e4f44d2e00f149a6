"""Approval: by itself, or by a person's word on the evidence that is known."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.api.model_version import Decision, ModelVersion
from leeboard.planning.model_version.approval import evidence_digest
from tests.support.builders_version import facts, planned, ready
from tests.support.plans import said

OTHER = f"sha256:{1:064x}"


def decided(state: str, *, approval: str = "Manual", evidence: str | None = None) -> ModelVersion:
    resource = ready()
    known = evidence or evidence_digest(resource.status) or ""
    decision = Decision.model_validate({"state": state, "by": "ann", "reason": "looked at it", "evidenceDigest": known})
    spec = resource.spec.model_copy(update={"approval": approval, "decision": decision})
    return resource.model_copy(update={"spec": spec})


def waiting() -> ModelVersion:
    resource = ready()
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"approval": "Manual"})})


def concluded(resource: ModelVersion) -> tuple[str | None, dict[str, str]]:
    result = planned(resource, facts())
    assert result.status is not None
    return result.status.phase, said(result)


def test_a_manual_version_waits_for_a_person_and_says_how() -> None:
    phase, conditions = concluded(waiting())
    assert phase == "WaitingForApproval"
    assert conditions == {
        "Ready": "False/WaitsForDecision",
        "Reconciling": "True/WaitsForDecision",
        "Stalled": "False/NotStalled",
        "Fingerprinted": "True/Fingerprinted",
        "Approved": "False/WaitsForDecision",
        "ProfileReady": "False/NoReference",
    }
    result = planned(waiting(), facts())
    assert [(notice.type, notice.reason) for notice in result.notices] == [("Normal", "WaitsForDecision")]
    assert "leeboard approve" in result.notices[0].message


def test_a_persons_word_on_this_evidence_makes_it_ready() -> None:
    phase, conditions = concluded(decided("Approved"))
    assert (phase, conditions["Ready"], conditions["Approved"]) == ("Ready", "True/Ready", "True/ApprovedByAPerson")


def test_a_word_on_other_evidence_does_not_count() -> None:
    phase, conditions = concluded(decided("Approved", evidence=OTHER))
    assert (phase, conditions["Ready"]) == ("WaitingForApproval", "False/EvidenceChanged")


@pytest.mark.parametrize("approval", ["Manual", "Automatic"])
@pytest.mark.parametrize("evidence", [None, OTHER])
def test_a_rejection_stands(approval: str, evidence: str | None) -> None:
    phase, conditions = concluded(decided("Rejected", approval=approval, evidence=evidence))
    assert phase == "Rejected"
    assert conditions["Ready"] == conditions["Approved"] == "False/RejectedByAPerson"
    assert conditions["Stalled"] == "True/RejectedByAPerson"


def test_evidence_is_told_once_it_is_known() -> None:
    result = planned(ready(), facts())
    assert result.status is not None
    told: dict[str, Any] = result.status.to_json()
    assert told["evidenceDigest"] == evidence_digest(ready().status)
    fingerprint, artifact = ready().status.fingerprint, ready().status.artifact
    assert fingerprint is not None
    assert artifact is not None
    other = {"fingerprint": fingerprint.model_copy(update={"record": "f" * 64})}
    changed = {"artifact": artifact.model_copy(update={"digest": OTHER})}
    digests = {evidence_digest(ready().status.model_copy(update=update)) for update in ({}, other, changed)}
    assert len(digests) == 3
    assert evidence_digest(ready().status.model_copy(update={"fingerprint": None})) is None
