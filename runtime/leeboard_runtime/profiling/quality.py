"""What of an input is not counted in cells, and why: [missing, null, type, nonFinite, unseen, outside].

Missing, a value of another type, unseen and outside do not happen in a reference: the file has the column or the
feature is not monitored, a value of another type is refused, and both limits and known values are the reference's own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from leeboard_runtime.profiling.kinds import Input


def quality_of(one: Input, rows: int) -> list[int]:
    """The six counts of one feature of the reference."""
    if one.values is None:
        return [rows, 0, 0, 0, 0, 0]
    values = one.values
    if values.dtype.kind == "f":
        by_row = values.reshape(rows, -1)
        null = np.isnan(by_row).any(axis=1)
        infinite = np.isinf(by_row).any(axis=1) & ~null
        return [0, int(null.sum()), 0, int(infinite.sum()), 0, 0]
    return [0, int(pd.isna(values.reshape(rows, -1)).any(axis=1).sum()), 0, 0, 0, 0]


def limits_of(one: Input) -> list[float] | None:
    """The reference's smallest and largest number, widened by their distance on both sides; None for a constant."""
    if one.kind != "Numeric" or one.values is None:
        return None
    finite = one.values[np.isfinite(one.values)]
    low, high = float(finite.min()), float(finite.max())
    spread = high - low
    wide = [low - spread, high + spread]
    return wide if spread > 0 and all(np.isfinite(wide)) else None
