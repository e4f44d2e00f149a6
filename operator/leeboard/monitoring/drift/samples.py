"""How many rows a channel needs before its PSI means anything."""

from __future__ import annotations

import numpy as np

from leeboard.monitoring.analysis.arrays import Array


def needed(cells: Array, reference: Array, phi: Array, *, most_bias: Array) -> Array:
    """Rows of a window for which the bias phi (B - 1)(1/n + 1/m) is ``most_bias``; inf when no window would do.

    ``cells`` B, ``reference`` n, ``phi`` and ``most_bias`` have one shape. For 10 cells and 10,000 reference rows: 471.
    """
    spread = phi * np.maximum(cells - 1.0, 0.0)
    left = most_bias - spread / np.maximum(reference, 1.0)
    rows: Array = np.where(left > 0, spread / np.where(left > 0, left, 1.0), np.inf)
    return np.ceil(rows)
