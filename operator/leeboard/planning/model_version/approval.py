"""Whether a version may serve: by itself, or by a person's word on the very evidence that is known."""

from __future__ import annotations

import hashlib
import json

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement
from leeboard.api.model_version import Decision, ModelVersion, ModelVersionStatus
from leeboard.api.reasons_model_version import VersionReason


def evidence_digest(status: ModelVersionStatus) -> str | None:
    """Digest over what a decision rests on; None while the fingerprint is not known."""
    artifact, fingerprint = status.artifact, status.fingerprint
    if artifact is None or fingerprint is None:
        return None
    known = {"artifact": artifact.digest, "fingerprint": fingerprint.record}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def approval(resource: ModelVersion, status: ModelVersionStatus) -> Judgement:
    """The condition ``Approved`` of a version of which all is known. A rejection stands whatever is found out later."""
    decision, evidence = resource.spec.decision, evidence_digest(status)
    if decision is not None and decision.state == "Rejected":
        return _judgement(ConditionStatus.FALSE, VersionReason.REJECTED_BY_A_PERSON, f"rejected {_told(decision)}")
    if resource.spec.approval == "Automatic":
        message = "approved as soon as all was known of it, as spec.approval says"
        return _judgement(ConditionStatus.TRUE, VersionReason.AUTOMATIC, message)
    name = resource.metadata.name
    next_step = f"Next: leeboard approve {name} -n {resource.metadata.namespace}, or reject"
    if decision is None:
        message = f"a person has to decide. {next_step}"
        return _judgement(ConditionStatus.FALSE, VersionReason.WAITS_FOR_DECISION, message)
    if decision.evidence_digest != evidence:
        message = f"approved {_told(decision)}, on evidence that has changed since. {next_step}"
        return _judgement(ConditionStatus.FALSE, VersionReason.EVIDENCE_CHANGED, message)
    return _judgement(ConditionStatus.TRUE, VersionReason.APPROVED_BY_A_PERSON, f"approved {_told(decision)}")


def _told(decision: Decision) -> str:
    return f"by {decision.by}{f': {decision.reason}' if decision.reason else ''}"


def _judgement(status: ConditionStatus, reason: VersionReason, message: str) -> Judgement:
    return Judgement(type=ConditionType.APPROVED, status=status, reason=reason, message=message)
