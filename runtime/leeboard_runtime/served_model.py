"""The worker's model: warmed up once, then one frame in, one frame out."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

from leeboard_runtime import wire
from leeboard_runtime.agreement import same_answers
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.frames import (
    CODE_OF_DATATYPE,
    Batch,
    ModelAnswer,
    ModelInput,
    Named,
    input_frame,
    input_tensors,
    output_tensors,
)
from leeboard_runtime.model import LoadedModel
from leeboard_runtime.packed import groups_of
from leeboard_runtime.probes import rows_in, synthetic_rows
from leeboard_runtime.signature import Output

log = logging.getLogger("leeboard.worker")


class ServedModel:
    """Answers batches on the way to predict that its warm-up chose."""

    def __init__(self, model: LoadedModel, *, lean: bool) -> None:
        self._model = model
        self._columns = model.description.columns
        self._tensors = model.description.tensors
        self._groups = groups_of(self._columns)
        outputs, lean_agrees = _warm_up(model, lean=lean)
        self._predict = model.lean if lean_agrees else model.enforced
        self.description = dataclasses.replace(model.description, outputs=outputs, lean=lean_agrees)

    @classmethod
    def load(cls, path: Path, *, lean: bool, predict_fn: str) -> ServedModel:
        """Load and warm up. Raises PermanentFault with the reason."""
        return cls(LoadedModel.load(path, predict_fn=predict_fn), lean=lean)

    def answer(self, header: dict[str, Any], body: memoryview) -> tuple[list[dict[str, Any]], list[bytes]]:
        """The outputs of one batch, described and packed. Raises whatever the model raises.

        More than one request in the batch: rows out must be rows in, or there is no telling whose is whose.
        """
        rows = header["rows"]
        batch = Batch(rows, header.get("absent", ()), wire.split(body, header["sizes"]))
        named = output_tensors(self._predict(self._input(batch), header.get("params")))
        if len(rows) > 1:
            _check_rows(named, sum(rows))
        described = [{"name": n.name, "datatype": n.datatype, "code": _code(n), "shape": n.shape} for n in named]
        return described, [n.block for n in named]

    def _input(self, batch: Batch) -> ModelInput:
        if self._tensors:
            return input_tensors(self._tensors, batch)
        return input_frame(self._columns, self._groups, batch)


def _code(named: Named) -> str:
    return CODE_OF_DATATYPE[named.datatype]


def _check_rows(named: list[Named], rows: int) -> None:
    for output in named:
        if output.shape[0] != rows:
            raise ValueError(f'output "{output.name}" has {output.shape[0]} rows for {rows} rows of input')


def _warm_up(model: LoadedModel, *, lean: bool) -> tuple[tuple[Output, ...], bool]:
    """One real call; what it answers with, and whether the lean path answers the same."""
    data = model.example()
    source = "its input example"
    if data is None:
        data, source = synthetic_rows(model.description, 1), "a made-up row; log the model with an input example"
    try:
        answer = model.enforced(data)
        named = output_tensors(answer)
    except Exception as error:
        raise PermanentFault(
            Reason.WARM_UP_FAILED, f"the model raised {type(error).__name__}: {error}, asked with {source}"
        ) from error
    rows = rows_in(data)
    outputs = tuple(Output(n.name, n.datatype, (-1 if n.shape[0] == rows else n.shape[0], *n.shape[1:])) for n in named)
    return outputs, lean and _lean_agrees(model, data, answer)


def _lean_agrees(model: LoadedModel, data: ModelInput, answer: ModelAnswer) -> bool:
    try:
        agrees = same_answers(model.lean(data), answer)
    except Exception:
        log.exception("the lean path raised; every call is enforced")
        return False
    if not agrees:
        log.warning("the lean path answers differently; every call is enforced")
    return agrees
