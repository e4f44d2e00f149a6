"""Whether a version may serve: by itself, or by a person's word on the very evidence that is known."""

from __future__ import annotations

import hashlib
import json

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement
from leeboard.api.evaluation import EvaluationVerdict
from leeboard.api.model_version import Decision, ModelVersion, ModelVersionStatus
from leeboard.api.reasons_model_version import VersionReason


def evidence_digest(status: ModelVersionStatus) -> str | None:
    """Digest over what a decision rests on; None while the fingerprint is not known."""
    artifact, fingerprint = status.artifact, status.fingerprint
    if artifact is None or fingerprint is None:
        return None
    known: dict[str, object] = {"artifact": artifact.digest, "fingerprint": fingerprint.record}
    if status.evaluation is not None:
        known["evaluation"] = {
            "verdict": status.evaluation.verdict,
            "champion": status.evaluation.champion,
            "dataFaults": status.evaluation.data_faults,
        }
    text = json.dumps(known, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def approval(resource: ModelVersion, status: ModelVersionStatus) -> Judgement:
    """The condition ``Approved`` of a version of which all is known. A rejection stands whatever is found out later."""
    decision, evidence = resource.spec.decision, evidence_digest(status)
    if decision is not None and decision.state == "Rejected":
        return _judgement(ConditionStatus.FALSE, VersionReason.REJECTED_BY_A_PERSON, f"rejected {_told(decision)}")
    doubt = doubt_of(resource, status)
    if resource.spec.approval == "Automatic" and doubt is None:
        message = "approved as soon as all was known of it, as spec.approval says"
        return _judgement(ConditionStatus.TRUE, VersionReason.AUTOMATIC, message)
    name = resource.metadata.name
    next_step = f"Next: leeboard approve {name} -n {resource.metadata.namespace}, or reject"
    if decision is None:
        reason, why = doubt or (VersionReason.WAITS_FOR_DECISION, "")
        message = f"a person has to decide{f': {why}' if why else ''}. {next_step}"
        return _judgement(ConditionStatus.FALSE, reason, message)
    if decision.evidence_digest != evidence:
        message = f"approved {_told(decision)}, on evidence that has changed since. {next_step}"
        return _judgement(ConditionStatus.FALSE, VersionReason.EVIDENCE_CHANGED, message)
    return _judgement(ConditionStatus.TRUE, VersionReason.APPROVED_BY_A_PERSON, f"approved {_told(decision)}")


def doubt_of(resource: ModelVersion, status: ModelVersionStatus) -> tuple[VersionReason, str] | None:
    """Why it is not approved by itself; None where nothing speaks against it. What nobody knows is a doubt."""
    if resource.spec.evaluation is None:
        return None
    found = status.evaluation
    if found is None:
        return VersionReason.WAITS_FOR_EVALUATION, "it has not been compared with the version that serves"
    if found.verdict is EvaluationVerdict.BETTER and found.data_faults:
        why = f"better, but beside those of version {found.champion} the rows of its profile are broken"
        return VersionReason.BROKEN_DATA, f"{why}: {', '.join(found.data_faults)}"
    if found.verdict is EvaluationVerdict.BETTER:
        return None
    if found.verdict is EvaluationVerdict.NOT_BETTER:
        return VersionReason.NOT_BETTER, found.message
    return VersionReason.WAITS_FOR_DECISION, f"nobody knows whether it is better: {found.message}"


def _told(decision: Decision) -> str:
    return f"by {decision.by}{f': {decision.reason}' if decision.reason else ''}"


def _judgement(status: ConditionStatus, reason: VersionReason, message: str) -> Judgement:
    return Judgement(type=ConditionType.APPROVED, status=status, reason=reason, message=message)
