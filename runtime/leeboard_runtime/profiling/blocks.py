"""The reference cut into consecutive blocks: how far the counts of a short time differ when nothing has changed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from leeboard_runtime.profiling.cells import counted
from leeboard_runtime.profiling.channels import Measured

MOST = 120
FEWEST = 30
ROWS_OF_A_BLOCK = 20
MAX_CELLS = 2_000_000
"""Of all blocks together: with more channels there are fewer blocks, and none below FEWEST."""


def blocks_of(measured: Sequence[Measured], rows: int) -> dict[str, Any]:
    """Rows and counts of each block; blocks are equal but for one row, and together they are the whole reference."""
    cells = max(sum(one.channel.cells for one in measured), 1)
    count = min(MOST, rows // ROWS_OF_A_BLOCK, MAX_CELLS // cells)
    if count < FEWEST:
        return {"rows": [], "counts": []}
    ends = [rows * number // count for number in range(count + 1)]
    spans = list(itertools.pairwise(ends))
    return {
        "rows": [end - start for start, end in spans],
        "counts": [[counted(one.cells[start:end], one.channel) for one in measured] for start, end in spans],
    }
