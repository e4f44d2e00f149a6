"""How good the model was on the reference, in counts that later labels are compared with by addition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.frames import Array
from leeboard_runtime.measures import category_text
from leeboard_runtime.outcomes import NO_CLASS, Outcome
from leeboard_runtime.profiling.answers import label_text, numbers_of
from leeboard_runtime.profiling.channels import Measured
from leeboard_runtime.profiling.parsing import invalid
from leeboard_runtime.values import shown


def performance(
    labels: Sequence[Any], outcome: Outcome, classes: Sequence[str], *, scores: Measured | None
) -> dict[str, Any] | None:
    """Confusion table [predicted][label], score cells [cell][label], or sums of errors; None for an unknown task.

    Rows without a label are left out. Raises PermanentFault(ReferenceInvalid) for a label that is no class or number.
    """
    if outcome.classes is None:
        if outcome.scores is None:
            return None
        return {"confusion": [], "deciles": [], "errors": _errors(labels, numbers_of(outcome.scores))}
    place = {name: index for index, name in enumerate(classes)}
    found = np.asarray([NO_CLASS if label is None else _class(label, place) for label in labels])
    size = len(classes)
    deciles = [] if scores is None else _table(scores.cells, found, (scores.channel.cells, size))
    return {
        "confusion": _table(np.asarray(outcome.classes), found, (size, size)),
        "deciles": deciles,
        "errors": None,
    }


def _class(label: Any, place: dict[str, int]) -> int:  # noqa: ANN401 - whatever the file holds
    """The index of a label's class."""
    index = place.get(category_text(label), place.get(label_text(label)))
    if index is None:
        raise _strange(f"{shown(label)}, which is none of the model's classes {', '.join(place)}")
    return index


def _table(rows: Array, columns: Array, shape: tuple[int, int]) -> list[list[int]]:
    """How often each pair occurs; negative ones are left out."""
    known = (rows >= 0) & (columns >= 0)
    table = np.zeros(shape, dtype=np.int64)
    np.add.at(table, (rows[known], columns[known]), 1)
    return [[int(count) for count in row] for row in table]


def _errors(labels: Sequence[Any], values: Array) -> dict[str, float]:
    """Their number, the sum of absolute and that of squared errors."""
    strange = next((label for label in labels if isinstance(label, str | bytes)), None)
    if strange is not None:
        raise _strange(f"{shown(strange)}, but the model answers with numbers")
    errors = values - numbers_of([None if label is None else float(label) for label in labels])
    known = errors[np.isfinite(errors)]
    return {"count": len(known), "absolute": float(np.abs(known).sum()), "squared": float((known**2).sum())}


def _strange(what: str) -> PermanentFault:
    return invalid(f"the target holds {what}")
