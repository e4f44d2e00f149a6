"""`leeboard-runtime compare-answers`: on how many rows which version is right, or by how much each is wrong.

The answers were written by containers that had loaded somebody's models: they are read as a stranger's. This container
loads nothing, has no credentials, and its termination message is the whole result.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.evaluation.selection import LABELS, MAX_CLASSES, SCHEMA
from leeboard_runtime.frames import Array
from leeboard_runtime.measures import category_text
from leeboard_runtime.outcomes import NO_CLASS, Task
from leeboard_runtime.profiling.answers import label_text
from leeboard_runtime.termination import write_termination
from leeboard_runtime.values import shown

log = logging.getLogger("leeboard.evaluation")

LIMIT_BYTES = 16 << 20
MAX_NAME = 4096
CLASSIFIED = frozenset({Task.BINARY, Task.MULTICLASS})


@dataclass(frozen=True, slots=True)
class Answers:
    """What one version answered: indices of ``classes`` (NO_CLASS: none), or numbers where there are no classes."""

    version: str
    classes: tuple[str, ...] | None
    predicted: Array


def compare_answers(labels: Path, candidate: Path, champion: Path, *, versions: tuple[str, str]) -> None:
    """Write the result; ``versions`` are the candidate's and the champion's.

    Raises PermanentFault (AnswersInvalid, RowsInvalid).
    """
    known = json.loads((labels / LABELS).read_bytes())
    truth: list[Any] = known["labels"]
    one = read_answers(candidate, version=versions[0], rows=len(truth))
    other = read_answers(champion, version=versions[1], rows=len(truth))
    if (one.classes is None) != (other.classes is None):
        numbers = one if one.classes is None else other
        raise _invalid(f"version {numbers.version} answers with numbers and the other one with classes")
    result = errors(one, other, truth) if one.classes is None else pairs(one, other, truth)
    found = {"candidate": one.version, "champion": other.version, "rows": len(truth), **known["summary"], **result}
    write_termination(found)
    log.info("answers compared %s", json.dumps(found))


def pairs(one: Answers, other: Answers, truth: Sequence[Any]) -> dict[str, Any]:
    """Rows that both, only one, only the other, or neither of them answered rightly."""
    mine, theirs = is_right(one, truth), is_right(other, truth)
    told = [(mine & theirs).sum(), (mine & ~theirs).sum(), (~mine & theirs).sum(), (~mine & ~theirs).sum()]
    return {"pairs": [int(count) for count in told]}


def is_right(answers: Answers, truth: Sequence[Any]) -> Array:
    """[rows] of bool. A label that the version does not know is answered wrongly; one that knows none is refused."""
    place = {name: index for index, name in enumerate(answers.classes or ())}
    unknown = -2  # another one than NO_CLASS: no answer and no such class do not agree
    index: dict[Any, int] = {
        label: place.get(category_text(label), place.get(label_text(label), unknown)) for label in set(truth)
    }
    if all(found == unknown for found in index.values()):
        raise PermanentFault(
            Reason.ROWS_INVALID,
            f"the target holds {shown(truth[0])}, which is none of the classes of version {answers.version}:"
            f" {', '.join(place)}",
        )
    return np.asarray(answers.predicted == np.asarray([index[label] for label in truth]))


def errors(one: Answers, other: Answers, truth: Sequence[Any]) -> dict[str, Any]:
    """Sums of the absolute errors, of their squares, and of their product row by row."""
    strange = next((label for label in truth if isinstance(label, str)), None)
    if strange is not None:
        message = f"the target holds {shown(strange)}, but the models answer with numbers"
        raise PermanentFault(Reason.ROWS_INVALID, message)
    values = np.asarray(truth, dtype=np.float64)
    mine, theirs = np.abs(one.predicted - values), np.abs(other.predicted - values)
    with np.errstate(over="ignore"):
        sums = [mine.sum(), theirs.sum(), (mine**2).sum(), (theirs**2).sum(), (mine * theirs).sum()]
    if not np.isfinite(sums).all():
        raise _invalid("the errors of the two versions are too large to be summed")
    return {"errors": [float(value) for value in sums]}


def read_answers(path: Path, *, version: str, rows: int) -> Answers:
    """The answers in a file of a stranger. Raises PermanentFault(AnswersInvalid)."""
    content = _document(path, version)
    task, classes, predicted = content.get("task"), content.get("classes"), content.get("predicted")
    if content.get("schema") != SCHEMA or content.get("version") != version:
        raise _wrong(version, f"say schema {shown(content.get('schema'))} and version {shown(content.get('version'))}")
    if not isinstance(predicted, list) or len(predicted) != rows:
        raise _wrong(version, f"are not {rows}, one for each row")
    if task == Task.REGRESSION:
        return Answers(version, None, _numbers(predicted, version))
    if task not in CLASSIFIED:
        raise _wrong(version, f"are of task {shown(task)}")
    names = _names(classes, version)
    if not all(type(item) is int and NO_CLASS <= item < len(names) for item in predicted):
        raise _wrong(version, "name a class that is not in their list")
    return Answers(version, names, np.asarray(predicted, dtype=np.int64))


def _document(path: Path, version: str) -> Mapping[str, Any]:
    try:
        if path.is_symlink() or not path.is_file():
            raise _wrong(version, "are no plain file")
        if path.stat().st_size > LIMIT_BYTES:
            raise _wrong(version, f"are longer than {LIMIT_BYTES} bytes")
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _wrong(version, f"cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(content, dict):
        raise _wrong(version, "are no JSON object")
    return content


def _names(classes: object, version: str) -> tuple[str, ...]:
    if (
        not isinstance(classes, list)
        or not 0 < len(classes) <= MAX_CLASSES
        or len(set(map(str, classes))) < len(classes)
    ):
        raise _wrong(version, f"have no list of 1 to {MAX_CLASSES} different classes")
    if not all(isinstance(name, str) and len(name) <= MAX_NAME for name in classes):
        raise _wrong(version, "have a class whose name is no text, or too long")
    return tuple(classes)


def _numbers(predicted: list[Any], version: str) -> Array:
    try:
        values = np.asarray([item if type(item) in {int, float} else np.nan for item in predicted], dtype=np.float64)
    except OverflowError as error:
        raise _wrong(version, "hold a number beyond double precision") from error
    count = int((~np.isfinite(values)).sum())
    if count:
        raise _wrong(version, f"lack a finite number for {count} of {len(predicted)} rows")
    return values


def _wrong(version: str, what: str) -> PermanentFault:
    return _invalid(f"the answers of version {version} {what}")


def _invalid(message: str) -> PermanentFault:
    return PermanentFault(Reason.ANSWERS_INVALID, message)
