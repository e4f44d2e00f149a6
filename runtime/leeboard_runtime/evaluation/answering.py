"""`leeboard-runtime answer`: what one version answers to the selected rows, without credentials or labels.

    {"schema": 1, "version": "7", "task": "Binary", "classes": ["no", "yes"], "predicted": [0, 1, -1, ...]}
    {"schema": 1, "version": "7", "task": "Regression", "classes": [], "predicted": [3.2, null, ...]}

-1 and null stand for a row to which the model gave no answer that can be read.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from leeboard_runtime.digest import measure
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.evaluation.faults import told_of_rows
from leeboard_runtime.evaluation.selection import CLASSES, INPUTS, SCHEMA
from leeboard_runtime.model import LoadedModel
from leeboard_runtime.profiling.answers import reading_of
from leeboard_runtime.profiling.document import Subject
from leeboard_runtime.profiling.reference import Reference, Wanted, read
from leeboard_runtime.profiling.scoring import classes_of, score
from leeboard_runtime.termination import write_termination

log = logging.getLogger("leeboard.evaluation")


def answer(model: Path, inputs: Path, destination: Path, *, subject: Subject, wanted: Wanted) -> None:
    """Write the answers to the file ``destination``. The model's files have the digest of ``subject``.

    Raises PermanentFault (DigestMismatch, LoadFailed, Signature..., RowsInvalid, ScoringFailed, AnswersInvalid), each
    naming the version.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with told_of_rows(f"version {subject.version}"):
        digest = measure(model).digest
        if digest != subject.digest:
            raise PermanentFault(Reason.DIGEST_MISMATCH, f"its files have digest {digest}, expected {subject.digest}")
        loaded = LoadedModel.load(model)
        content = _answers(loaded, read(inputs / INPUTS, wanted, loaded.description), labels=_classes(inputs))
    content["version"] = subject.version
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False))
    write_termination({"version": subject.version, "rows": len(content["predicted"])})
    log.info("rows answered version=%s rows=%d", subject.version, len(content["predicted"]))


def _classes(inputs: Path) -> list[Any] | None:
    """The target's values, by which classes are told from numbers where the model names none."""
    return json.loads((inputs / CLASSES).read_bytes()) or None


def _answers(model: LoadedModel, found: Reference, *, labels: list[Any] | None) -> dict[str, Any]:
    outputs = score(model, found.inputs)
    reading = reading_of(outputs, own=classes_of(model), labels=labels)
    outcome = reading.outcome(outputs)
    predicted = outcome.scores if outcome.classes is None else outcome.classes
    if predicted is None:
        raise PermanentFault(Reason.ANSWERS_INVALID, "its answers are neither classes nor one number a row")
    return {
        "schema": SCHEMA,
        "task": str(reading.task),
        "classes": list(reading.classes),
        "predicted": list(predicted),
    }
