"""The states of checks as JSON and back, exactly: single-precision numbers in their shortest form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.analysis.betting import EXCESSES
from leeboard.monitoring.analysis.checks import CheckState, Values
from leeboard.monitoring.analysis.comparison import Comparison
from leeboard.monitoring.analysis.dispersion import GROUPS, LEVELS, Scatter

_MOST_WHOLE = 1e15
_WEALTH = (-1, len(EXCESSES))
_OPENED, _HALVES, _SUMS = (GROUPS + 1, 3), (LEVELS, GROUPS + 1, 3), (3, LEVELS, 3)


def state_to_json(state: CheckState) -> dict[str, Any]:
    """One check's state."""
    values = state.values
    return {
        "spec": state.spec,
        "main": None if state.main is None else _comparison(state.main),
        "beside": None if state.beside is None else _comparison(state.beside),
        "values": [values.last, values.at and values.at.isoformat(), values.counted, values.outside],
        "unequal": state.unequal,
        "lasts": state.lasts,
    }


def state_from_json(state: dict[str, Any]) -> CheckState:
    """The state that was written; errors of any kind when it was not."""
    last, at, counted, outside = state["values"]
    return CheckState(
        spec=str(state["spec"]),
        main=None if state["main"] is None else _read_comparison(state["main"]),
        beside=None if state["beside"] is None else _read_comparison(state["beside"]),
        values=Values(last, at and datetime.fromisoformat(at), int(counted), int(outside)),
        unequal=int(state["unequal"]),
        lasts=bool(state["lasts"]),
    )


def _comparison(comparison: Comparison) -> list[Any]:
    scatter = comparison.scatter
    return [
        _flat(comparison.worse),
        _flat(comparison.better),
        _flat(np.concatenate((comparison.step, comparison.rollout, comparison.recent))),
        _flat(comparison.loads),
        [_flat(scatter.opened), _flat(scatter.halves), _flat(scatter.sums), scatter.seconds, scatter.blocks],
    ]


def _read_comparison(written: list[Any]) -> Comparison:
    worse, better, tallies, loads, (opened, halves, sums, seconds, blocks) = written
    step, rollout, recent = _array(tallies, (3, 4))
    return Comparison(
        worse=_array(worse, _WEALTH),
        better=_array(better, _WEALTH),
        step=step,
        rollout=rollout,
        recent=recent,
        loads=_array(loads, (2,)),
        scatter=Scatter(
            _array(opened, _OPENED), _array(halves, _HALVES), _array(sums, _SUMS), float(seconds), int(blocks)
        ),
    )


def _flat(values: Array) -> list[float | int]:
    """Whole numbers without their point, others in the fewest digits that single precision needs."""
    return [
        int(value) if value == int(value) and abs(value) < _MOST_WHOLE else float(str(np.float32(value)))
        for value in values.ravel()
    ]


def _array(values: list[float], shape: tuple[int, ...]) -> Array:
    array: Array = np.array(values, dtype=np.float32).astype(np.float64).reshape(shape)
    if not np.isfinite(array).all():
        raise ValueError("a number is not finite")
    return array
