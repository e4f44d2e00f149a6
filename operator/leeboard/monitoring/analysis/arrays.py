"""Values that hold arrays."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_MOST = 1e37


class Arrays:
    """A dataclass with arrays among its fields: equal when all of them are."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment] # arrays change

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            if isinstance(getattr(self, name), np.ndarray)
            else getattr(self, name) == getattr(other, name)
            for name in (field.name for field in fields(self))  # type: ignore[arg-type] # subclasses are dataclasses
        )


def kept(values: Array) -> Array:
    """In single precision: short as text, and the text gives exactly the same numbers back."""
    return np.clip(values, -_MOST, _MOST).astype(np.float32).astype(np.float64)
