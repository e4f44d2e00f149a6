"""Builders of `profile.json` documents and of descriptions of the models that they are of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from leeboard_runtime.signature import Column, Description, Output, Tensor

BINARY_OUTPUT = Output("output-0", "FP64", (-1, 2))


def feature(name: str, kind: str = "Numeric", **more: object) -> dict[str, Any]:
    """A feature, with importance and limits where given."""
    return {"name": name, "kind": kind, "reason": "", "importance": None, "limits": None, **more}


def channel(name: str, index: int | None, measure: str = "Value", **more: object) -> dict[str, Any]:
    """A channel of the feature at ``index``; of the score or of the class with ``role``."""
    return {
        "name": name, "role": "Feature", "feature": index, "measure": measure,
        "edges": None, "values": None, "hashed": 0, "closed": False, **more,
    }  # fmt: skip


def score(*edges: float) -> dict[str, Any]:
    """The channel of the score."""
    return channel("score", None, role="Score", edges=list(edges))


def classes(*names: str) -> dict[str, Any]:
    """The channel of the class."""
    return channel("class", None, "Category", role="Class", values=list(names), closed=True)


def profile(
    features: Sequence[dict[str, Any]],
    channels: Sequence[dict[str, Any]],
    *,
    task: str = "Binary",
    names: Sequence[str] = ("0", "1"),
    known: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    """The document, without the members that only the operator reads."""
    return {
        "schema": 1,
        "task": task,
        "classes": list(names),
        "features": list(features),
        "channels": list(channels),
        "known": known or {},
    }


def numeric_profile(count: int, *, cells: int = 10) -> dict[str, Any]:
    """``count`` numeric features x0, x1, ... with cells of width 1 from 0 on, a score and two classes."""
    edges = [float(edge) for edge in range(1, cells)]
    features = [feature(f"x{i}", limits=[-50.0, 60.0], importance=1 / count) for i in range(count)]
    channels = [channel(f"x{i}", i, edges=edges) for i in range(count)]
    deciles = [decile / 10 for decile in range(1, 10)]
    return profile(features, [*channels, score(*deciles), classes("0", "1")])


def encoded(document: dict[str, Any]) -> bytes:
    """The bytes of the file."""
    return json.dumps(document).encode()


def described(columns: Sequence[tuple[str, str]], *, required: bool = True) -> Description:
    """A tabular model of a probability for each of two classes; ``columns`` are names and types."""
    return _description(tuple(Column(name, kind, required=required) for name, kind in columns))


def described_numbers(count: int) -> Description:
    """The model that `numeric_profile` is of."""
    return described([(f"x{index}", "double") for index in range(count)])


def described_tensor(name: str, numpy: str, *shape: int) -> Description:
    """A model of one named tensor."""
    return _description((), (Tensor(name, numpy, shape, named=True),))


def _description(columns: tuple[Column, ...], tensors: tuple[Tensor, ...] = ()) -> Description:
    return Description(columns, tensors, (), (BINARY_OUTPUT,), platform="test", lean=False)
