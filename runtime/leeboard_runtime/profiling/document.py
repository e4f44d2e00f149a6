"""The profile itself, schema 1: the same reference and model give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leeboard_runtime.model import LoadedModel
from leeboard_runtime.profiling.answers import numbers_of, reading_of
from leeboard_runtime.profiling.blocks import blocks_of
from leeboard_runtime.profiling.cells import counted
from leeboard_runtime.profiling.channels import category, channels_of, numeric
from leeboard_runtime.profiling.kinds import Input, inputs_of
from leeboard_runtime.profiling.parsing import invalid
from leeboard_runtime.profiling.performance import performance
from leeboard_runtime.profiling.quality import limits_of, quality_of
from leeboard_runtime.profiling.reference import Reference, Wanted, moment_text
from leeboard_runtime.profiling.scoring import classes_of, importances, score
from leeboard_runtime.profiling.slices import slices_of
from leeboard_runtime.signature import Description

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose profile it is: the registered model, its version and the digest of its files."""

    name: str
    version: str
    digest: str


def build(
    model: LoadedModel, reference: Reference, subject: Subject, *, wanted: Wanted, redact: Sequence[str] = ()
) -> bytes:
    """The profile as UTF-8 JSON on one line. Raises PermanentFault (ReferenceInvalid, ScoringFailed)."""
    _check_names(redact, model.description)
    inputs = inputs_of(reference, model.description, redact)
    outputs = score(model, reference.inputs)
    reading = reading_of(outputs, own=classes_of(model), labels=reference.labels)
    outcome = reading.outcome(outputs)
    measured = [one for index, each in enumerate(inputs) for one in channels_of(index, each, reference.times)]
    scores = None if outcome.scores is None else numeric("score", "Score", numbers_of(outcome.scores))
    measured += [] if scores is None else [scores]
    answers = None
    if outcome.classes is not None:
        answers = category("class", "Class", values=reading.classes, index=np.asarray(outcome.classes))
        measured.append(answers)
    labels = reference.labels
    known = None if labels is None else performance(labels, outcome, reading.classes, scores=scores)
    shares = importances(model, reference.inputs, reading)
    content = {
        "schema": SCHEMA,
        "model": {"name": subject.name, "version": subject.version, "digest": subject.digest},
        "reference": _reference(reference, wanted),
        "task": str(reading.task),
        "classes": list(reading.classes),
        "features": _features(inputs, model.description, shares),
        "channels": [one.channel.document() for one in measured],
        "known": {str(i): list(one.channel.known) for i, one in enumerate(measured) if one.channel.known is not None},
        "counts": [counted(one.cells, one.channel) for one in measured],
        "quality": [quality_of(one, reference.rows) for one in inputs],
        "blocks": blocks_of(measured, reference.rows),
        "performance": None if known is None else {"target": wanted.target, **known},
        "slices": slices_of(
            inputs, _by_profile_name(inputs, model.description, shares), scores=scores, classes=answers
        ),
    }
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def _check_names(redact: Sequence[str], description: Description) -> None:
    names = set(_names(description))
    unknown = sorted(set(redact) - names)
    if unknown:
        listed = ", ".join(sorted(names))
        raise invalid(f'redact names "{unknown[0]}", which is no input of the model; its inputs are {listed}')


def _reference(reference: Reference, wanted: Wanted) -> dict[str, Any]:
    times = reference.times
    return {
        "source": reference.source,
        "digest": reference.digest,
        "rows": reference.rows,
        "timeColumn": wanted.time_column or None,
        "from": None if times is None else moment_text(int(times[0])),
        "until": None if times is None else moment_text(int(times[-1])),
    }


def _features(inputs: Sequence[Input], description: Description, shares: dict[str, float]) -> list[dict[str, Any]]:
    """Each input of the signature in its order; a tensor without a name is the only one."""
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "reason": one.reason,
            "importance": shares.get(name, shares.get("")),
            "limits": limits_of(one),
        }
        for name, one in zip(_names(description), inputs, strict=True)
    ]


def _by_profile_name(inputs: Sequence[Input], description: Description, shares: dict[str, float]) -> dict[str, float]:
    """Importances by the names that the profile tells."""
    return {one.name: shares.get(name, 0.0) for name, one in zip(_names(description), inputs, strict=True)}


def _names(description: Description) -> list[str]:
    """The inputs' names in the signature's order."""
    return [column.name for column in description.columns] or [tensor.name for tensor in description.tensors]
