"""Which of many features differ, when each is tested.

Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.cells import Counts


def discovered(p: Array, family: Counts, *, rate: Array) -> NDArray[np.bool_]:
    """Rejected hypotheses, of which ``rate`` at most are expected to be false; NaN is no hypothesis.

    All are [hypotheses]; ``family`` says which ones are judged together, ``rate`` is one number for a family.
    """
    tested = np.flatnonzero(np.isfinite(p))
    rejected = np.zeros(len(p), bool)
    if not len(tested):
        return rejected
    order = tested[np.lexsort((p[tested], family[tested]))]
    starts, sizes = np.unique(family[order], return_index=True, return_counts=True)[1:]
    of_family = np.repeat(np.arange(len(starts)), sizes)
    rank = np.arange(len(order)) - starts[of_family] + 1
    passes = p[order] <= rate[order] * rank / sizes[of_family]
    last = np.maximum.reduceat(np.where(passes, rank, 0), starts)
    rejected[order] = rank <= last[of_family]
    return rejected
