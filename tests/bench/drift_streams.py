"""Named streams: a reference, and rows that come after it, with a change at a known row or none."""

from __future__ import annotations

import csv
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from tests.bench.record import ROOT
from tests.support.profiles import Column, Rows

CAR_LOAN_REFERENCE, CAR_LOAN_CHANGE = 10_000, 25_000
LETTERS = np.array(list("abcdefgh"))


@dataclass(frozen=True, slots=True)
class Stream:
    """``change`` is the row of ``live`` from which on the world is another one, None when it stays the same."""

    reference: Rows
    live: Rows
    window: int
    change: int | None = None


Make = Callable[[int], Stream]


def independent(seed: int, *, windows: int = 500, window: int = 500, shift: float = 0.0) -> Stream:
    """Ten normal features, five lognormal ones, five of eight categories; ``shift`` moves one in the second half."""
    random = np.random.default_rng(seed)
    live = windows * window
    moved = np.zeros(live)
    moved[live // 2 :] = shift

    def rows(number: int) -> dict[str, Column]:
        columns: dict[str, Column] = {f"normal{i}": random.normal(size=number) for i in range(10)}
        columns |= {f"lognormal{i}": random.lognormal(0.0, 2.0, size=number) for i in range(5)}
        return columns | {f"category{i}": LETTERS[random.integers(0, 8, size=number)] for i in range(5)}

    reference, after = rows(10_000), rows(live)
    after["normal0"] = after["normal0"] + moved
    return Stream(Rows(reference), Rows(after), window, live // 2 if shift else None)


def autoregressive(
    seed: int, *, windows: int = 250, memory: float = 0.9, features: int = 20, window: int = 500, shift: float = 0.0
) -> Stream:
    """AR(1) series with variance 1; forty windows of reference. ``shift`` moves one of them in the second half."""
    random = np.random.default_rng(seed)
    reference, live = 40 * window, windows * window
    noise = random.normal(size=(reference + live, features)) * np.sqrt(1 - memory**2)
    values = lfilter([1.0], [1.0, -memory], noise, axis=0)
    values[reference + live // 2 :, 0] += shift
    names = [f"series{i}" for i in range(features)]
    return Stream(
        Rows({name: values[:reference, i] for i, name in enumerate(names)}),
        Rows({name: values[reference:, i] for i, name in enumerate(names)}),
        window,
        live // 2 if shift else None,
    )


ROWS_A_DAY, DAYS = 2400, 60


def daily_cycle(seed: int, *, window: int = ROWS_A_DAY, shift: float = 0.0) -> Stream:
    """Five features that swing by three standard deviations a day; 30 days of reference, then 60 days, then ten with a
    shift where there is one.
    """
    random = np.random.default_rng(seed)

    def rows(days: int, moved: float) -> dict[str, Column]:
        hours = 2 * np.pi * np.arange(days * ROWS_A_DAY) / ROWS_A_DAY
        columns: dict[str, Column] = {
            f"cycle{i}": random.normal(size=len(hours)) + 1.5 * np.sin(hours + i) for i in range(5)
        }
        columns["cycle0"] = columns["cycle0"] + moved * np.std(columns["cycle0"])
        return columns

    live = rows(DAYS, 0.0)
    if shift:
        later = rows(10, shift)
        live = {name: np.concatenate((live[name], later[name])) for name in live}
    return Stream(Rows(rows(30, 0.0)), Rows(live), window, DAYS * ROWS_A_DAY if shift else None)


def heavy_tails(seed: int, *, scale: float = 1.0) -> Stream:
    """Lognormal, Pareto and Student's t with 1.5 degrees, which has no variance; ``scale`` in the second half."""
    random = np.random.default_rng(seed)
    live = 200 * 500
    scaled = np.ones(live)
    scaled[live // 2 :] = scale

    def rows(number: int) -> dict[str, Column]:
        columns: dict[str, Column] = {f"lognormal{i}": random.lognormal(0.0, 2.0, size=number) for i in range(7)}
        columns |= {f"pareto{i}": random.pareto(1.2, size=number) for i in range(7)}
        return columns | {f"student{i}": random.standard_t(1.5, size=number) for i in range(6)}

    after = rows(live)
    after["lognormal0"] = after["lognormal0"] * scaled
    return Stream(Rows(rows(10_000)), Rows(after), 500, live // 2 if scale != 1 else None)


def booleans(seed: int, *, share: float = 0.3) -> Stream:
    """Rare, usual, constant and nearly constant booleans and categories with cells that stay empty in most windows;
    ``share`` is how many are true of a usual one in the second half.
    """
    random = np.random.default_rng(seed)
    live = 200 * 500
    usual = np.full(live, 0.3)
    usual[live // 2 :] = share
    rare = np.array([0.97, *[0.03 / 30] * 30])
    names = np.array([f"city{i}" for i in range(31)])

    def rows(number: int) -> dict[str, Column]:
        columns: dict[str, Column] = {
            f"rare{i}": random.random(number) < odds for i, odds in enumerate((2e-4, 1e-3, 0.01, 0.05))
        }
        columns |= {f"usual{i}": random.random(number) < 0.3 for i in range(4)}
        columns |= {"never": np.zeros(number, bool), "always": np.ones(number, bool)}
        return columns | {f"city{i}": random.choice(names, size=number, p=rare) for i in range(3)}

    after = rows(live)
    after["usual0"] = random.random(live) < usual
    return Stream(Rows(rows(10_000)), Rows(after), 500, live // 2 if share != 0.3 else None)


def sea(seed: int, *, threshold: float = 9.5) -> Stream:
    """Street and Kim 2001 (doi 10.1145/502512.502568): label = f1 + f2 <= threshold, a tenth of them flipped; inputs
    stay as they are, the threshold goes from 8 to ``threshold`` at row 10,000. The model knows the old one.
    """
    random = np.random.default_rng(seed)

    def rows(number: int, limits: Column) -> Rows:
        inputs = random.random((number, 3)) * 10
        total = inputs[:, 0] + inputs[:, 1]
        labels = (total <= limits).astype(int)
        labels = np.where(random.random(number) < 0.1, 1 - labels, labels)
        score = 1 / (1 + np.exp(total - 8))
        return Rows({f"f{i}": inputs[:, i] for i in range(3)}, score, (score >= 0.5).astype(int), labels)

    live = 20_000
    limits = np.where(np.arange(live) < live // 2, 8.0, threshold)
    change = None if threshold == 8.0 else live // 2
    return Stream(rows(8000, np.full(8000, 8.0)), rows(live, limits), 500, change)


def stagger(seed: int, *, changes: bool = True) -> Stream:
    """Schlimmer and Granger 1986: small and red becomes green or round at row 10,000, with inputs as they are; a
    twentieth of the labels is flipped.
    """
    random = np.random.default_rng(seed)
    sizes, colours, shapes = (
        np.array(names.split()) for names in ("small medium large", "red blue green", "circle square triangle")
    )

    def rows(number: int, change: int) -> Rows:
        size, colour, shape = (random.integers(0, 3, size=number) for _ in range(3))
        old, new = (size == 0) & (colour == 0), (colour == 2) | (shape == 0)
        labels = np.where(np.arange(number) < change, old, new).astype(int)
        labels = np.where(random.random(number) < 0.05, 1 - labels, labels)
        score = np.where(old, 0.95, 0.05) + random.normal(size=number) / 100
        columns = {"size": sizes[size], "colour": colours[colour], "shape": shapes[shape]}
        return Rows(columns, score, old.astype(int), labels)

    live = 20_000
    return Stream(rows(8000, 8000), rows(live, live // 2 if changes else live), 500, live // 2 if changes else None)


def car_loan(seed: int) -> Stream:
    """The last rows of the reference file, then the analysis file; a seed begins 25 rows later than the one before."""
    reference, live = _car_loan_rows()
    offset = 25 * seed
    return Stream(reference, live.part(slice(offset, None)), 500, CAR_LOAN_CHANGE - offset)


@cache
def car_loan_reference() -> Rows:
    """The whole reference file."""
    before = _read(_car_loan_folder() / "synthetic_car_loan_reference.csv")
    return _rows(before, before["repaid"])


@cache
def _car_loan_rows() -> tuple[Rows, Rows]:
    folder, before = _car_loan_folder(), car_loan_reference()
    after = _read(folder / "synthetic_car_loan_analysis.csv")
    labels = _read(folder / "synthetic_car_loan_analysis_target.csv")["repaid"]
    return before.part(slice(len(before) - CAR_LOAN_REFERENCE, None)), _rows(after, labels)


def _car_loan_folder() -> Path:
    """The data of examples/01-car-loan, fetched once."""
    folder = Path(os.environ.get("LEEBOARD_CAR_LOAN", ROOT / "build" / "car-loan"))
    path = ROOT / "examples" / "01-car-loan" / "fetch_data.py"
    specification = importlib.util.spec_from_file_location("fetch_data", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    if not module.is_complete(folder):
        module.fetch(folder)
    return folder


def _read(path: Path) -> dict[str, list[str]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def _rows(columns: dict[str, list[str]], labels: list[str]) -> Rows:
    numbers = ("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure")
    features: dict[str, Column] = {name: np.array(columns[name], float) for name in numbers}
    features |= {name: np.array(columns[name]) for name in ("salary_range", "size_of_downpayment")}
    features["repaid_loan_on_prev_car"] = np.array(columns["repaid_loan_on_prev_car"]) == "True"
    score = np.array(columns["y_pred_proba"], float)
    predicted, target = (np.array(values, float).astype(int) for values in (columns["y_pred"], labels))
    return Rows(features, score, predicted, target)
