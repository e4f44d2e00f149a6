"""What each input of a model is, judged by its signature and its values in the reference.

boolean                                   Boolean
integer, long                             Numeric; NotMonitored(Identifier) when most values are unique
float, double                             Numeric
datetime                                  Datetime
string, most values unique                Text where they are sentences, else NotMonitored(Identifier)
string                                    Category
binary                                    NotMonitored(Binary)
tensor with one value a row               as a column of that type
tensor with several numbers a row         Array
no value at all                           NotMonitored(Empty), NotMonitored(NotInReference)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leeboard_runtime.frames import Array
from leeboard_runtime.measures import category_text, redacted_name
from leeboard_runtime.profiling.parsing import objects
from leeboard_runtime.profiling.reference import Reference
from leeboard_runtime.signature import Description

UNIQUE_SHARE = 0.5
SENTENCE_WORDS = 4
INTEGERS = frozenset({"integer", "long"})


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the model: its name as the profile may tell it, its kind, and its values, one a row.

    ``values`` are float64 (Numeric; [rows, size] for Array), datetime64[us] (Datetime), else objects; of nothing for
    an input that the reference lacks. ``type`` is the signature's.
    """

    name: str
    kind: str
    values: Array | None
    reason: str = ""
    redacted: bool = False
    type: str = ""

    @property
    def is_monitored(self) -> bool:
        """Whether its values are counted."""
        return self.kind != "NotMonitored"


def inputs_of(reference: Reference, description: Description, redact: Sequence[str]) -> list[Input]:
    """Every input of the signature, in its order. ``redact`` names those whose names and values are hashed."""
    found = []
    for name, type_, values in _raw(reference, description):
        kind, reason, shaped = ("NotMonitored", "NotInReference", None) if values is None else _judged(type_, values)
        hidden = name in redact
        found.append(Input(redacted_name(name) if hidden else name, kind, shaped, reason, hidden, type_))
    return found


def _raw(reference: Reference, description: Description) -> list[tuple[str, str, Array | None]]:
    """Name, MLflow's type and values of each input."""
    if description.columns:
        frame = reference.inputs
        return [
            (c.name, c.type, frame[c.name].to_numpy() if c.name in frame.columns else None) for c in description.columns
        ]
    given = reference.inputs if isinstance(reference.inputs, dict) else {description.tensors[0].name: reference.inputs}
    return [(t.name, _type_of(given[t.name]), given[t.name]) for t in description.tensors]


def _type_of(values: Array) -> str:
    """The column type of a tensor's elements."""
    if values.ndim > 1:
        return "texts" if values.dtype.kind == "O" else "array"
    return {"b": "boolean", "f": "double", "O": "string"}.get(values.dtype.kind, "long")


def _judged(type_: str, values: Array) -> tuple[str, str, Array | None]:
    """Kind, reason and the values in the form of the kind."""
    match type_:
        case "binary" | "texts":
            return "NotMonitored", "Binary" if type_ == "binary" else "TextTensor", values
        case "array":
            return "Array", "", values.reshape(len(values), -1).astype(np.float64)
        case "datetime":
            moments = values.astype("datetime64[us]")
            return ("NotMonitored", "Empty", moments) if np.isnat(moments).all() else ("Datetime", "", moments)
        case "string":
            return _of_texts(values)
        case "boolean":
            plain = objects([None if pd.isna(value) else bool(value) for value in values.tolist()])
            return ("NotMonitored", "Empty", plain) if set(plain.tolist()) == {None} else ("Boolean", "", plain)
        case _:
            return _of_numbers(values, is_integer=type_ in INTEGERS)


def _of_texts(values: Array) -> tuple[str, str, Array]:
    texts = [value for value in values.tolist() if value is not None]
    if not texts:
        return "NotMonitored", "Empty", values
    if len(set(texts)) <= UNIQUE_SHARE * len(texts):
        return "Category", "", values
    words = float(np.median([len(text.split()) for text in texts]))
    return ("Text", "", values) if words >= SENTENCE_WORDS else ("NotMonitored", "Identifier", values)


def _of_numbers(values: Array, *, is_integer: bool) -> tuple[str, str, Array]:
    numbers = values.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return "NotMonitored", "Empty", numbers
    if is_integer and len(np.unique(finite)) > UNIQUE_SHARE * len(finite):
        return "NotMonitored", "Identifier", numbers
    return "Numeric", "", numbers


def texts(values: Array) -> list[str | None]:
    """Values of a Category, Text or Boolean as canonical texts, None for null."""
    return [None if value is None else category_text(value) for value in values.tolist()]
