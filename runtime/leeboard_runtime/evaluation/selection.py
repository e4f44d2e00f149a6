"""`leeboard-runtime select-rows`: the rows that are later than both trainings, and apart from them their labels.

No model runs here, and a model that answers the inputs finds no label beside them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leeboard_runtime.digest import digest_of
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.evaluation.data_gate import data_faults
from leeboard_runtime.evaluation.faults import told_of_rows
from leeboard_runtime.frames import Array
from leeboard_runtime.measures import moment_of
from leeboard_runtime.profiling.reference import (
    MAX_ROWS,
    MICROSECONDS,
    MIN_ROWS,
    NULLS,
    Wanted,
    format_of,
    labels_of,
    listed,
    moment_text,
    times_of,
)
from leeboard_runtime.termination import write_termination
from leeboard_runtime.values import shown

log = logging.getLogger("leeboard.evaluation")

SCHEMA = 1
INPUTS = "rows"
CLASSES = "classes.json"
LABELS = "labels.json"
MAX_CLASSES = 100


@dataclass(frozen=True, slots=True)
class Trained:
    """Until when a version was trained: by its profile where that says so, else when the version was ``made``."""

    version: str
    profile: Path | None
    made: str


def select_rows(path: Path, inputs: Path, labels: Path, *, wanted: Wanted, trained: Sequence[Trained]) -> None:
    """Write the rows in the order of time to the folder ``inputs``, their labels to the folder ``labels``.

    ``trained`` are the candidate and the champion.

    Raises PermanentFault (RowsInvalid, TooFewRows, ProfileInvalid).
    """
    after = max(map(trained_until, trained))
    with told_of_rows():
        frame, target = _read(path, wanted)
        times = times_of(frame[wanted.time_column], wanted.time_column)
        known = labels_of(target)
    # A time of a profile has whole seconds: a row within that second may have been trained on.
    is_later = times >= after + MICROSECONDS
    is_labelled = np.asarray([label is not None for label in known], dtype=bool)
    places = np.flatnonzero(is_later & is_labelled)
    chosen = places[np.argsort(times[places], kind="stable")][-MAX_ROWS:]
    if len(chosen) < MIN_ROWS:
        raise PermanentFault(Reason.TOO_FEW_ROWS, _too_few(len(frame), is_later, is_labelled, until=moment_text(after)))
    plain = [_plain(known[place], wanted.target, row=int(place) + 1) for place in chosen]
    summary = {
        "rowsDigest": digest_of(path),
        "after": moment_text(after),
        "since": moment_text(int(times[chosen[0]])),
        "until": moment_text(int(times[chosen[-1]])),
        "notLater": int((~is_later).sum()),
        "unlabelled": int((is_later & ~is_labelled).sum()),
        "dataFaults": _gate(trained),
    }
    _write(frame.iloc[chosen].drop(columns=[wanted.target]), inputs / INPUTS, kind=format_of(wanted))
    (inputs / CLASSES).write_text(json.dumps(_distinct(plain)))
    labels.mkdir(parents=True, exist_ok=True)
    (labels / LABELS).write_text(json.dumps({"schema": SCHEMA, "summary": summary, "labels": plain}))
    write_termination({"rows": len(chosen), **summary})
    log.info("rows selected rows=%d not_later=%d", len(chosen), summary["notLater"])


def trained_until(trained: Trained) -> int:
    """Microseconds since 1970. Raises PermanentFault(ProfileInvalid)."""
    with _reading_profiles(trained):
        until = trained.made if trained.profile is None else _profile(trained)["reference"]["until"] or trained.made
    moment = moment_of(until) if isinstance(until, str) else None
    if moment is None:
        message = f"the profile of version {trained.version} ends at {shown(until)}, which is no time"
        raise PermanentFault(Reason.PROFILE_INVALID, message)
    return moment


def _gate(trained: Sequence[Trained]) -> list[str]:
    """What is broken in the candidate's own rows; nothing where one of the two has no profile to compare."""
    if any(one.profile is None for one in trained):
        return []
    with _reading_profiles(*trained):
        candidate, champion = map(_profile, trained)
        return data_faults(candidate, champion)


def _profile(trained: Trained) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((trained.profile or Path()).read_bytes())
    return found


@contextmanager
def _reading_profiles(*trained: Trained) -> Iterator[None]:
    """Whatever is missing in a profile is told as that."""
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        whose = " or ".join(f"version {one.version}" for one in trained)
        message = f"the profile of {whose} cannot be read: {type(error).__name__}: {error}"
        raise PermanentFault(Reason.PROFILE_INVALID, message) from error


def _read(path: Path, wanted: Wanted) -> tuple[pd.DataFrame, pd.Series]:
    """All columns, those of a CSV as the texts that they are, and the target with its values."""
    kind = format_of(wanted)
    try:
        if kind == "Parquet":
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
        for name, option in ((wanted.time_column, "timeColumn"), (wanted.target, "target")):
            if name not in frame.columns:
                raise _invalid(f'{option} "{name}" is not in the file; it has {listed(frame)}')
        if kind == "Parquet":
            return frame, frame[wanted.target]
        column = pd.read_csv(path, usecols=[wanted.target], keep_default_na=False, na_values=NULLS, low_memory=False)
    except (ValueError, OSError, UnicodeError) as error:  # pyarrow's and the parser's errors are ValueErrors
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise _invalid(f"the file cannot be read as {kind}: {first}") from error
    return frame, column[wanted.target]


def _write(frame: pd.DataFrame, path: Path, *, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "Parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


def _plain(label: Any, target: str, *, row: int) -> Any:  # noqa: ANN401 - a value of any column
    """A label as JSON holds it."""
    if isinstance(label, bytes) or (isinstance(label, float) and not isfinite(label)):
        raise _invalid(f'target "{target}" holds {shown(label)} in row {row}, which is neither a class nor a number')
    return label


def _distinct(labels: Sequence[Any]) -> list[Any]:
    """The values of the target where they may be classes; none where there are more than any model has."""
    found = sorted(set(labels), key=lambda value: (isinstance(value, str), value))
    return found if len(found) <= MAX_CLASSES else []


def _too_few(rows: int, is_later: Array, is_labelled: Array, *, until: str) -> str:
    later = int(is_later.sum())
    return (
        f"{int((is_later & is_labelled).sum())} rows can be counted, {MIN_ROWS} are needed: of {rows} rows {later} are"
        f" later than {until}, the newest time that one of the two versions was trained on, and"
        f" {later - int((is_later & is_labelled).sum())} of those have no label"
    )


def _invalid(message: str) -> PermanentFault:
    return PermanentFault(Reason.ROWS_INVALID, message)
