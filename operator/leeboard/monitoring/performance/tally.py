"""Labelled predictions as counts that add up over cohorts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import Counts
from leeboard.monitoring.cohorts import ENTRY, Entries
from leeboard.monitoring.profile import Profile, Role

ERROR_CELLS, ERROR_STEP = 65, 0.125
"""Absolute errors in units of the reference's mean: in steps of an eighth, the last cell is for 8 and more."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally(Arrays):
    """``confusion`` [predicted class, label class], ``deciles`` [score cell, label class], ``errors`` [cells]."""

    rows: int
    confusion: Counts
    deciles: Counts
    errors: Counts

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.rows + other.rows,
            self.confusion + other.confusion,
            self.deciles + other.deciles,
            self.errors + other.errors,
        )


def tallied(entries: Entries, profile: Profile) -> Tally:
    """The labels of one cohort; those that do not fit the profile (another class, another cell) are left out."""
    classes, score = len(profile.classes), profile.place_of(Role.SCORE)
    cells = 0 if score is None else int(profile.widths[score])
    if classes == 0:
        errors = _errors(entries, profile)
        return Tally(int(errors.sum()), _none(0, 0), _none(cells, 0), errors)
    whole = (entries["label"] == np.floor(entries["label"])) & (entries["label"] >= 0) & (entries["label"] < classes)
    known = entries[whole & (entries["predicted"] >= 0) & (entries["predicted"] < classes)]
    labels = known["label"].astype(np.int64)
    confusion, deciles = _none(classes, classes), _none(cells, classes)
    np.add.at(confusion, (known["predicted"], labels), 1)
    scored = (known["score"] >= 0) & (known["score"] < cells)
    np.add.at(deciles, (known["score"][scored], labels[scored]), 1)
    return Tally(len(known), confusion, deciles, np.zeros(ERROR_CELLS, np.int64))


def no_tally(profile: Profile) -> Tally:
    """No labels."""
    return tallied(np.zeros(0, ENTRY), profile)


def mean_error(profile: Profile) -> float | None:
    """The reference's mean absolute error, above zero; None where there is none to compare with."""
    errors = None if profile.performance is None else profile.performance.errors
    return errors.absolute / errors.count if errors is not None and errors.count and errors.absolute > 0 else None


def _errors(entries: Entries, profile: Profile) -> Counts:
    unit = mean_error(profile)
    if unit is None:
        return np.zeros(ERROR_CELLS, np.int64)
    size: Array = np.abs(entries["value"] - entries["label"]) / unit
    cells = np.minimum(size[np.isfinite(size)] / ERROR_STEP, ERROR_CELLS - 1).astype(np.int64)
    counts: NDArray[np.int64] = np.bincount(cells, minlength=ERROR_CELLS)
    return counts


def _none(rows: int, columns: int) -> Counts:
    return np.zeros((rows, columns), np.int64)
