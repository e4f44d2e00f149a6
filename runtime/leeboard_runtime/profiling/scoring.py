"""The reference's rows, asked of the model itself, and how much each input matters to its answers.

Importance is permutation importance of the answer, not of the loss, so that it needs no labels: L. Breiman, "Random
forests", Machine Learning 45 (2001); A. Fisher, C. Rudin, F. Dominici, "All models are wrong, but many are useful",
JMLR 20 (2019). It says what the model uses, not what it ought to use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.frames import Array, ModelInput, UnsupportedOutputError
from leeboard_runtime.model import LoadedModel
from leeboard_runtime.outcomes import Task
from leeboard_runtime.probes import rows_in, take
from leeboard_runtime.profiling.answers import Output, Reading, outputs_of

ROWS_OF_A_CALL = 4096
IMPORTANCE_ROWS = 2000
SEED = 0
DIGITS = 6


def score(model: LoadedModel, inputs: ModelInput) -> list[Output]:
    """The model's answers to all rows. Raises PermanentFault(ScoringFailed)."""
    rows = rows_in(inputs)
    parts: list[list[Output]] = []
    for start in range(0, rows, ROWS_OF_A_CALL):
        end = min(start + ROWS_OF_A_CALL, rows)
        part = _asked(model, take(inputs, np.arange(start, end)), f"rows {start + 1} to {end} of the file")
        wrong = next((output for output in part if len(output.values) != end - start), None)
        if wrong is not None:
            raise _failed(f'output "{wrong.name}" has {len(wrong.values)} rows for {end - start} rows of the file')
        parts.append(part)
    return [replace(same[0], values=np.concatenate([one.values for one in same])) for same in zip(*parts, strict=True)]


def classes_of(model: LoadedModel) -> list[Any] | None:
    """The classes that the flavour's own model carries, as scikit-learn and its kin do; None for others."""
    own = getattr(model.pyfunc, "_model_impl", None)
    for name in ("sklearn_model", "xgb_model", "lgb_model", "cb_model"):
        found = getattr(getattr(own, name, None), "classes_", None)
        if isinstance(found, np.ndarray) and found.ndim == 1:
            return list(found)
    return None


def importances(model: LoadedModel, inputs: ModelInput, reading: Reading) -> dict[str, float]:
    """By input, its share of the mean change of the answer when it alone is shuffled: they sum to 1, or are all 0.

    At most IMPORTANCE_ROWS rows, evenly over time, and always the same shuffle. Empty where answers cannot be read.
    """
    if reading.task is Task.UNKNOWN:
        return {}
    rows = rows_in(inputs)
    chosen = np.unique(np.linspace(0, rows - 1, min(rows, IMPORTANCE_ROWS)).astype(np.int64))
    some = take(inputs, chosen)
    before = score(model, some)
    order = np.random.default_rng(SEED).permutation(len(chosen))
    changes = {
        name: float(np.mean(reading.distance(before, score(model, shuffled))))
        for name, shuffled in _shuffled(some, order)
    }
    total = sum(changes.values())
    return {name: round(change / total, DIGITS) if total else 0.0 for name, change in changes.items()}


def _asked(model: LoadedModel, rows: ModelInput, what: str) -> list[Output]:
    try:
        return outputs_of(model.enforced(rows))
    except UnsupportedOutputError as error:
        raise _failed(f"the model's answer cannot be served: {error}") from error
    except Exception as error:
        raise _failed(f"the model raised {type(error).__name__}: {error}, asked with {what}") from error


def _shuffled(inputs: ModelInput, order: Array) -> list[tuple[str, ModelInput]]:
    """The rows, each time with one input in another order; the name of a lone array is empty."""
    if isinstance(inputs, pd.DataFrame):
        return [(str(name), inputs.assign(**{name: inputs[name].to_numpy()[order]})) for name in inputs.columns]
    if isinstance(inputs, dict):
        return [(name, {**inputs, name: values[order]}) for name, values in inputs.items()]
    return [("", inputs[order])]


def _failed(message: str) -> PermanentFault:
    return PermanentFault(Reason.SCORING_FAILED, message)
