"""References and windows out of plain columns: profile.json as the profile pod writes it, counted with arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.cells import Cells, Counts
from leeboard.monitoring.profile import Profile

Column = NDArray[Any]
DECILES = np.arange(1, 10) / 10
TOP, HASHED, RARE = 20, 16, 20


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in time order: features by name, and what the model said. ``labels`` are class indexes."""

    features: Mapping[str, Column]
    score: Column | None = None
    predicted: Column | None = None
    labels: Column | None = None

    def __len__(self) -> int:
        return len(next(iter(self.features.values())))

    def part(self, rows: slice) -> Rows:
        """Some of them."""
        cut = [None if one is None else one[rows] for one in (self.score, self.predicted, self.labels)]
        return Rows({name: column[rows] for name, column in self.features.items()}, *cut)


@dataclass(frozen=True, slots=True)
class Reference:
    """A profile, and how rows are counted into its cells."""

    document: dict[str, Any]
    profile: Profile = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", Profile.from_json(json.dumps(self.document).encode()))

    def windows(self, rows: Rows, *, of: int) -> list[Cells]:
        """All whole windows of ``of`` rows."""
        number = len(rows) // of
        counts, quality = self.counted(rows.part(slice(0, number * of)), parts=number)
        return [Cells(of, counts[place], quality[place]) for place in range(number)]

    def window(self, rows: Rows) -> Cells:
        """All rows as one window."""
        counts, quality = self.counted(rows, parts=1)
        return Cells(len(rows), counts[0], quality[0])

    def counted(self, rows: Rows, *, parts: int) -> tuple[Counts, Counts]:
        """Counts [parts, channels, cells] and quality [parts, features, 6] of equal parts of the rows."""
        channels = self.document["channels"]
        counts = np.zeros((parts, len(channels), self.profile.reference.shape[1]), np.int64)
        quality = np.zeros((parts, len(self.document["features"]), 6), np.int64)
        for place, channel in enumerate(channels):
            limits = None if channel["role"] != "Feature" else self.document["features"][channel["feature"]]["limits"]
            cells, faults = cells_of(channel, column_of(channel, rows), limits)
            shape = (parts, -1)
            for part, of_part in enumerate(cells.reshape(shape)):
                counts[part, place] = np.bincount(of_part[of_part >= 0], minlength=counts.shape[2])
            if channel["role"] == "Feature":
                for fault, happened in faults.items():
                    quality[:, channel["feature"], fault] += happened.reshape(shape).sum(axis=1)
        return counts, quality


def column_of(channel: Mapping[str, Any], rows: Rows) -> Column:
    """The values that a channel counts."""
    column = {"Score": rows.score, "Class": rows.predicted}.get(channel["role"], rows.features.get(channel["name"]))
    assert column is not None, channel["name"]
    return column


def cells_of(
    channel: Mapping[str, Any], values: Column, limits: Sequence[float] | None
) -> tuple[Counts, dict[int, Any]]:
    """The cell of each value, -1 for what is wrong; and what is wrong by place in QUALITY."""
    if channel["edges"] is not None:
        missing, infinite = np.isnan(values), np.isinf(values)
        cells = np.searchsorted(channel["edges"], values, side="right")
        outside = np.zeros(len(values), bool) if limits is None else (values < limits[0]) | (values > limits[1])
        return np.where(missing | infinite | outside, -1, cells), {1: missing, 3: infinite, 5: outside & ~infinite}
    texts, places = np.unique(values.astype(str), return_inverse=True)
    known = {text: place for place, text in enumerate(channel["values"])}
    of_text = [known.get(text, _bucket(channel, text, len(known))) for text in texts]
    return np.array(of_text, np.int64)[places], {}


def _bucket(channel: Mapping[str, Any], text: str, known: int) -> int:
    return known + crc32(text.encode()) % channel["hashed"] if channel["hashed"] else -1


def reference_of(rows: Rows, *, importance: Sequence[float] | None = None, blocks: int = 120) -> Reference:
    """The profile of these rows."""
    features, channels = [], []
    for place, (name, values) in enumerate(rows.features.items()):
        kind, channel = _feature_channel(name, values, place)
        share = None if importance is None else float(importance[place])
        features.append({"name": name, "kind": kind, "reason": "", "importance": share, "limits": _limits(values)})
        channels.append(channel)
    if rows.score is not None:
        channels.append({**_numeric("score", rows.score), "role": "Score", "feature": None})
    classes = [] if rows.predicted is None else sorted({int(one) for one in np.unique(rows.predicted)} | {0, 1})
    if rows.predicted is not None:
        names = [str(one) for one in classes]
        channels.append(_channel("class", role="Class", feature=None, values=names))
    document: dict[str, Any] = {
        "schema": 1,
        "model": {"name": "loan", "version": "3", "digest": "sha256:00"},
        "reference": {"source": "artifact:reference.csv", "digest": "sha256:00", "rows": len(rows)},
        "task": "Binary" if len(classes) == 2 else "Multiclass" if classes else "Unknown",
        "classes": [str(one) for one in classes],
        "features": features,
        "channels": channels,
        "known": {},
    }
    _count(document, rows, blocks)
    return Reference(document)


def _count(document: dict[str, Any], rows: Rows, blocks: int) -> None:
    """Adds counts, quality, blocks and performance."""
    widths = [_cells(channel) for channel in document["channels"]]
    nothing = [[0] * width for width in widths]
    clean = [[0] * 6 for _ in document["features"]]
    document |= {"counts": nothing, "quality": clean, "blocks": {"rows": [], "counts": []}, "performance": None}
    empty = Reference(document)
    counts, quality = empty.counted(rows, parts=1)
    document |= {"counts": _cut(counts[0], widths), "quality": quality[0].tolist()}
    number = min(blocks, len(rows) // 20)
    if number >= 30:
        length = len(rows) // number
        parts, _ = empty.counted(rows.part(slice(0, number * length)), parts=number)
        document["blocks"] = {"rows": [length] * number, "counts": [_cut(part, widths) for part in parts]}
    if rows.labels is not None:
        document["performance"] = _performance(document, rows)


def _performance(document: dict[str, Any], rows: Rows) -> dict[str, Any]:
    assert rows.predicted is not None
    assert rows.labels is not None
    classes = len(document["classes"])
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (rows.predicted.astype(int), rows.labels.astype(int)), 1)
    deciles: list[list[int]] = []
    if rows.score is not None:
        channel = next(one for one in document["channels"] if one["role"] == "Score")
        table = np.zeros((_cells(channel), classes), np.int64)
        np.add.at(table, (cells_of(channel, rows.score, None)[0], rows.labels.astype(int)), 1)
        deciles = table.tolist()
    return {"target": "repaid", "confusion": confusion.tolist(), "deciles": deciles, "errors": None}


def _cells(channel: Mapping[str, Any]) -> int:
    return len(channel["edges"]) + 1 if channel["edges"] is not None else len(channel["values"]) + channel["hashed"]


def _cut(counts: Counts, widths: Sequence[int]) -> list[list[int]]:
    return [row[:width].tolist() for row, width in zip(counts, widths, strict=True)]


def _feature_channel(name: str, values: Column, place: int) -> tuple[str, dict[str, Any]]:
    if values.dtype == bool:
        return "Boolean", _channel(name, role="Feature", feature=place, values=["False", "True"], hashed=0)
    if values.dtype.kind in "US":
        texts, counts = np.unique(values, return_counts=True)
        order = np.argsort(-counts, kind="stable")[:TOP]
        top = [str(texts[one]) for one in order if counts[one] >= RARE]
        return "Category", _channel(name, role="Feature", feature=place, values=top, hashed=HASHED)
    return "Numeric", {**_numeric(name, values), "role": "Feature", "feature": place}


def _numeric(name: str, values: Column) -> dict[str, Any]:
    edges = np.unique(np.quantile(values[np.isfinite(values)], DECILES))
    return _channel(name, role="Score", feature=None, edges=edges.tolist())


def _channel(name: str, *, role: str, feature: int | None, hashed: int = 0, edges: list[float] | None = None,
             values: list[str] | None = None) -> dict[str, Any]:  # fmt: skip
    measure = "Value" if edges is not None else "Category"
    members = {"name": name, "role": role, "feature": feature, "measure": measure, "closed": False}
    return {**members, "edges": edges, "values": values, "hashed": hashed}


def _limits(values: Column) -> list[float] | None:
    if values.dtype.kind != "f":
        return None
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    return [low - (high - low), high + (high - low)]
