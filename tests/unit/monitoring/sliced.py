"""Rows with a region and a sex, counted by region as segment and by sex as group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from leeboard.api.monitoring import Monitoring
from leeboard.monitoring.cells import Cells
from leeboard.monitoring.slices import SliceKey, SliceKind, Slices, slices_of
from leeboard.planning.monitoring.settings import settings_of
from tests.support.profiles import Reference, Rows, cells_of, reference_of

SPEC: dict[str, Any] = {
    "segments": [{"column": "region", "values": ["north", "south", "west"]}],
    "groups": [{"column": "sex", "values": ["f", "m"]}],
}
SETTINGS = settings_of(Monitoring.model_validate(SPEC))
NO_RATES: Mapping[str, float] = {}


def people(
    seed: int, count: int = 8000, *, south: float = 0.0, rates: Mapping[str, float] = NO_RATES, small: int = 0
) -> Rows:
    """``south`` moves the scores of one region only; ``rates`` of the favourable answer by sex, half by default;
    ``small`` rows only are of men.
    """
    random = np.random.default_rng(seed)
    region = random.choice(["north", "south", "east"], count, p=[0.4, 0.4, 0.2])
    sex = np.where(np.arange(count) < small, "m", "f") if small else random.choice(["f", "m"], count)
    score = 1 / (1 + np.exp(-random.normal(0, 1, count) - south * (region == "south")))
    rate = np.vectorize(lambda one: rates.get(one, 0.5))(sex)
    predicted = (random.random(count) < rate).astype(int)
    return Rows({"income": random.normal(0, 1, count), "region": region, "sex": sex}, score, predicted)


def reference(rows: Rows, columns: Sequence[str] = ("region", "sex")) -> Reference:
    """A profile that tells these columns apart."""
    made = reference_of(rows)
    return Reference({**made.document, "slices": [told(made, rows, column) for column in columns]})


def told(made: Reference, rows: Rows, column: str) -> dict[str, Any]:
    """One column's rows by value, as profiles and servers tell them."""
    score, classes = _answers(made, rows)
    widths, values = made.profile.answers, rows.features[column]
    found = []
    for value in np.unique(values):
        ours = values == value
        found.append({
            "value": str(value),
            "rows": int(ours.sum()),
            "score": np.bincount(score[ours], minlength=widths[0]).tolist(),
            "class": np.bincount(classes[ours], minlength=widths[1]).tolist(),
        })  # fmt: skip
    return {"column": column, "values": found}


def window(made: Reference, rows: Rows) -> Cells:
    """All rows as one window, with what is declared counted apart."""
    named = ((SliceKind.SEGMENT, "region", ("north", "south", "west")), (SliceKind.GROUP, "sex", ("f", "m")))
    return replace(made.window(rows), slices=sum((counted(made, rows, *one) for one in named), Slices()))


def counted(made: Reference, rows: Rows, kind: SliceKind, column: str, values: Sequence[str]) -> Slices:  # noqa: PLR0917
    """The rows of these values."""
    found = {row["value"]: [row["rows"], *row["score"], *row["class"]] for row in told(made, rows, column)["values"]}
    known = [value for value in values if value in found]
    keys = [SliceKey(kind, column, value) for value in known]
    return slices_of(keys, np.array([found[value] for value in known], np.int64).reshape(len(known), -1))


def _answers(made: Reference, rows: Rows) -> tuple[Any, Any]:
    channel = next(one for one in made.document["channels"] if one["role"] == "Score")
    assert rows.score is not None
    assert rows.predicted is not None
    return cells_of(channel, rows.score, None)[0], rows.predicted
