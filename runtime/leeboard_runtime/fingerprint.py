"""`leeboard-runtime fingerprint`: load a model once, in a pod without credentials, and say what it is.

A model that this image cannot load, and that was made with other libraries than it holds, is not broken: an image of
its own may serve it. So it gets a record as well, without proofs, whose environment is ``Refuse``; the same holds for a
signature that the built-in server does not speak.

The record goes to stdout as the last line, `LEEBOARD-FINGERPRINT {...}`; the termination message holds its hash, so
that the operator can tell a whole log from a cut one: `recordSHA256` is the SHA-256 of the JSON text behind the prefix,
in UTF-8.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from mlflow.models import Model, ModelSignature
from mlflow.types import ParamSchema, Schema

from leeboard_runtime.agreement import Answer
from leeboard_runtime.digest import Content, measure
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.frames import ModelInput
from leeboard_runtime.model import LoadedModel, signed
from leeboard_runtime.probes import synthetic_rows
from leeboard_runtime.requirements import Comparison, Recorded, Verdict, compare, read_record
from leeboard_runtime.rowwise import RowWise, prove
from leeboard_runtime.termination import write_termination

log = logging.getLogger("leeboard.fingerprint")

PREFIX = "LEEBOARD-FINGERPRINT "
SCHEMA = 1
ANSWER_METADATA = "leeboard.answerSHA256"
"""Key in the model's metadata under which training may record `agreement.Answer.sha256` of its input example."""


def fingerprint(path: Path, *, predict_fn: str = "") -> dict[str, Any]:
    """Print and return the record. Raises PermanentFault (LoadFailed, ExampleFailed, ModelInvalid, Signature...)."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    content = measure(path)
    recorded = read_record(path)
    comparison = compare(recorded)
    try:
        proof = _proof(LoadedModel.load(path, predict_fn=predict_fn))
    except PermanentFault as fault:
        if not _is_of_this_image(fault, comparison):
            raise
        proof, comparison = _unproven(path), comparison.refusing(fault.message)
    record = _record(content, recorded, comparison) | proof
    line = json.dumps(record, separators=(",", ":"), allow_nan=False)
    sys.stdout.write(f"{PREFIX}{line}\n")
    sys.stdout.flush()
    write_termination(
        {
            "digest": content.digest,
            "bytes": content.size_bytes,
            "rowWise": proof["rowWise"]["proven"],
            "recordSHA256": hashlib.sha256(line.encode()).hexdigest(),
        }
    )
    return record


def _proof(model: LoadedModel) -> dict[str, Any]:
    """What asking the model proves."""
    example = model.example()
    replay = _replay(model, example)
    rowwise = prove(model.enforced, model.description, example)
    return {
        "signature": _signature(model.metadata.signature),
        "rowWise": {"proven": rowwise.proven, "reason": rowwise.reason, "tolerance": f"{rowwise.tolerance:g}"},
        "lean": _lean_agrees(model, example, rowwise),
        "example": replay,
    }


def _unproven(path: Path) -> dict[str, Any]:
    """What the MLmodel file says of a model that was not asked. Raises PermanentFault(SignatureMissing)."""
    metadata = Model.load(str(path))
    signed(metadata)
    has_example = bool(metadata.saved_input_example_info)
    return {
        "signature": _signature(metadata.signature),
        "rowWise": {"proven": False, "reason": "it cannot be asked in this image", "tolerance": ""},
        "lean": False,
        "example": {"present": has_example, "answerSHA256": None, "agrees": None},
    }


def _is_of_this_image(fault: PermanentFault, comparison: Comparison) -> bool:
    """Whether another image may well serve the model; one that fails among its own libraries is broken."""
    match fault.reason:
        case Reason.SIGNATURE_UNSUPPORTED:
            return True
        case Reason.LOAD_FAILED:
            return bool(comparison.differences)
        case Reason.EXAMPLE_FAILED:
            return comparison.verdict is Verdict.REFUSE
        case _:
            return False


def _record(content: Content, recorded: Recorded, comparison: Comparison) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "digest": content.digest,
        "bytes": content.size_bytes,
        "files": content.files,
        "flavor": recorded.flavor,
        "pythonVersion": recorded.python_version,
        "mlflowVersion": recorded.mlflow_version,
        "requirements": list(recorded.requirements),
        "environment": {"verdict": str(comparison.verdict), "differences": comparison.sentences},
    }


def _replay(model: LoadedModel, example: ModelInput | None) -> dict[str, Any]:
    """The answer to the input example, compared with the recorded one where training recorded one."""
    if example is None:
        return {"present": False, "answerSHA256": None, "agrees": None}
    try:
        answer = Answer(model.enforced(example)).sha256()
    except Exception as error:
        raise PermanentFault(
            Reason.EXAMPLE_FAILED,
            f"the model raised {type(error).__name__}: {error}, asked with its own input example; "
            "log it with an example that it answers",
        ) from error
    expected = (model.metadata.metadata or {}).get(ANSWER_METADATA)
    return {"present": True, "answerSHA256": answer, "agrees": None if expected is None else expected == answer}


def _lean_agrees(model: LoadedModel, example: ModelInput | None, rowwise: RowWise) -> bool:
    """Does the path behind MLflow's check answer the same, on the example and on made-up rows?"""
    probes = [] if example is None else [example]
    if rowwise.proven or example is None:
        probes.append(synthetic_rows(model.description, 4, example))
    try:
        return all(Answer(model.lean(rows)).agrees(Answer(model.enforced(rows))) for rows in probes)
    except Exception as error:  # noqa: BLE001 - whatever the model raises means: not lean
        log.warning("the lean path is not taken: %s: %s", type(error).__name__, error)
        return False


def _signature(signature: ModelSignature) -> dict[str, Any]:
    def listed(schema: Schema | ParamSchema | None) -> list[Any]:
        return [] if schema is None else schema.to_dict()

    rows = {
        "inputs": listed(signature.inputs),
        "outputs": listed(signature.outputs),
        "params": listed(signature.params),
    }
    finite: dict[str, Any] = json.loads(json.dumps(rows, default=str), parse_constant=str)
    return finite
